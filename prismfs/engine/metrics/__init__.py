"""The figures of incident response and the page that shows them."""
