"""What is known of a sender's authenticity, and of the files that come along."""
