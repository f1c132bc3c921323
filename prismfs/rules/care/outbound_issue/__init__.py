"""Issues about the product that leave: staged, scanned, approved by an operator, sent and followed."""
