"""The boxes of panels, in pixels."""
