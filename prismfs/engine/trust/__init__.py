"""Who answers for what the branch holds; verifying a history."""
