DROP TABLE bar_reports;
