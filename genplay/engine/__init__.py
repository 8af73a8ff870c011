"""Threads, lanes, the mailbox and runs on disk. Never Qt."""
