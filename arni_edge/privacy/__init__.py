"""What is kept of people, for how long, and how it goes: consent, retention, erasure, export."""
