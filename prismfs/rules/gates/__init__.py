"""Gates: phases of a workflow, their artifacts, and the decisions between them."""
