"""Who is told, and how: letters written with the action and sent by a job."""
