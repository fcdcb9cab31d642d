"""What does a page say? One value per page; HTML, JSON and Markdown are three ways to write it down."""
