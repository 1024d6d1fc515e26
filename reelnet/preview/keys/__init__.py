"""The keys of templates for authors: completion, controls, and what a panel is made of."""
