// Numbers, times and the reasons of calls, as people say them.

const REASONS = {
  400: 'was not understood',
  401: 'wants another password: sign out and in again',
  403: 'is not allowed to be called from here',
  404: 'is not known here: look at the name or number',
  408: 'did not answer',
  410: 'has no number here any more',
  415: 'cannot read what was sent',
  480: 'cannot be reached now',
  484: 'has a longer number',
  486: 'is busy',
  487: 'did not answer',
  488: 'has no sound in common with this browser',
  503: 'cannot be called just now: the system is busy; try again in a moment',
  600: 'is busy',
  603: 'declined',
};

/** Why somebody was not reached: a status of SIP, or what JsSIP calls it. */
export function reason(whom, status, cause) {
  if (REASONS[status]) return `${whom} ${REASONS[status]}.`;
  if (cause === 'Connection Error') return 'The connection to the system broke off.';
  if (cause === 'Request Timeout') return 'The system does not answer.';
  return `${whom} was not reached${status ? ` (${status})` : ''}.`;
}

/** 75 is "1:15". */
export function clock(seconds) {
  const two = number => String(number).padStart(2, '0');
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

/** What was typed, without what people put between digits to read them. */
export function dialled(text) {
  const typed = text.trim().replace(/^sips?:/i, '').replace(/@.*$/, '');
  return /^[+*#\d][\d\s()./*#-]*$/.test(typed) ? typed.replace(/[\s()./-]/g, '') : typed;
}
