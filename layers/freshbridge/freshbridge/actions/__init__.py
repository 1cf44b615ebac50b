"""What Freshbridge can do at a provider: one parameters model and one function per action."""
