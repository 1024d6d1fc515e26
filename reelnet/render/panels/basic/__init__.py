"""Text, images, the step counter and other small panels."""
