"""The cellar: state and log under one transaction. Only the contract is for everyone; bodies are for wiring."""
