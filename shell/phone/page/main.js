// Signs in and out, and joins the parts of the page.

import { Calls } from './calls.js';
import { Lamps } from './lamps.js';
import { Letters } from './letters.js';
import { Line } from './line.js';
import { prepare } from './sounds.js';

const at = id => document.getElementById(id);
const SAID_MS = 10_000;
let desk;
let silence;

at('house').textContent = location.hostname;
at('name').focus();

/** Says something aloud, also to those who listen to the page. */
function say(words) {
  clearTimeout(silence);
  at('said').textContent = words;
  silence = setTimeout(() => { at('said').textContent = ''; }, SAID_MS);
}

function stand(state, words) {
  at('standing').textContent = words;
  at('desk').dataset.state = state;
}

at('sign-in').addEventListener('submit', event => {
  event.preventDefault();
  prepare();
  at('door-says').textContent = '';
  at('enter').disabled = true;
  at('enter').textContent = 'Signing in…';
  open(new Line(at('name').value.trim(), at('password').value));
});

function open(line) {
  let isIn = false;
  line.addEventListener('ready', () => {
    if (!isIn) enter(line);
    isIn = true;
    stand('ready', 'can be reached');
  });
  line.addEventListener('lost', ({ detail: { status } }) => {
    const words = status ? `the system refuses just now (${status})` : 'the system is not reached';
    if (isIn) stand('lost', `${words}; trying again…`);
    else turnAway(line, `Not signed in: ${words}. Is the network there?`);
  });
  line.addEventListener('refused', ({ detail: { status } }) => {
    const words = status === 403
      ? 'The system does not let this phone in: too many devices of yours may be signed in.'
      : 'The user name or the password is wrong.';
    // A call goes on without it.
    if (isIn) stand('lost', 'is not let in any more: sign out and in again');
    else turnAway(line, words);
  });
}

function turnAway(line, words) {
  line.close();
  at('door-says').textContent = words;
  at('enter').disabled = false;
  at('enter').textContent = 'Sign in';
  at('password').select();
}

function enter(line) {
  const calls = new Calls(line, say);
  const letters = new Letters(line, say);
  const dial = whom => calls.dial(whom).catch(fault => say(fault.message));
  const lamps = new Lamps(line, { call: dial, write: whom => letters.to(whom) });
  desk = { line, calls, letters, lamps, dial };
  lamps.watchAll();
  at('own').textContent = line.name;
  at('password').value = '';
  at('door').hidden = true;
  at('desk').hidden = false;
  at('enter').disabled = false;
  at('enter').textContent = 'Sign in';
  at('whom').focus();
}

function leave() {
  desk?.calls.close();
  desk?.lamps.close();
  desk?.letters.close();
  desk?.line.close();
  desk = undefined;
  at('desk').hidden = true;
  at('door').hidden = false;
  at('name').focus();
}

const on = (form, deed) => at(form).addEventListener('submit', event => {
  event.preventDefault();
  if (desk) deed(desk);
});
on('dial', ({ dial }) => {
  dial(at('whom').value);
  at('whom').value = '';
});
on('add', ({ lamps }) => {
  lamps.add(at('colleague').value);
  at('colleague').value = '';
});
on('write', ({ letters }) => {
  letters.write(at('receiver').value, at('text').value);
  at('text').value = '';
});
at('leave').addEventListener('click', leave);

addEventListener('beforeunload', event => {
  if (desk?.calls.isBusy) event.preventDefault();
});
addEventListener('pagehide', () => desk?.line.close());
// Browsers may bring a page back as it was left, and its line is closed.
addEventListener('pageshow', ({ persisted }) => persisted && location.reload());
