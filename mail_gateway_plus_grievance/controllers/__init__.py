from . import grievance_feedback
