"""Post-incident reviews and the action items that they leave."""
