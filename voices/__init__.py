"""The voices that ship with Lodestone, and how they are made."""
