"""The door: requests in, status and exact JSON out, with the application in the same process."""
