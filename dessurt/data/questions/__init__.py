"""Questions made from what is known of a page: a function for each family of tasks."""
