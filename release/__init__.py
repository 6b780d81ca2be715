"""What makes a release: wheels, their check in a bare system, the book, the lock file, licences, notes."""
