"""The page: what it is made of (`build`), and the bridge that joins it to a board (`bridge`)."""
