"""The preview: answers what a page asks about a run and a template, without knowing how the page reaches it."""
