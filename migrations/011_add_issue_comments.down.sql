DROP TABLE issue_comments;
