// What people write to each other: kept for as long as this tab lives.

import { dialled, reason } from './words.js';

const KEPT_MAX = 200;

export class Letters {
  #line;
  #say;
  #log = document.getElementById('letters');
  #tabs = document.getElementById('threads');
  #receiver = document.getElementById('receiver');
  #threads;
  #open;
  /** Where the moment and the fate of what is shown stand. */
  #moments = new WeakMap();
  #over = new AbortController();

  constructor(line, say) {
    this.#line = line;
    this.#say = say;
    this.#threads = this.#kept();
    line.addEventListener('letter', ({ detail: { from, shown, text, at } }) => {
      this.#note(from, { text, at: at.toISOString(), isOwn: false, shown });
      if (this.#open !== from) this.#say(`${shown || from} writes: ${text}`);
    });
    const { signal } = this.#over;
    this.#receiver.addEventListener('change', () => this.#choose(dialled(this.#receiver.value)), { signal });
    this.#show();
  }

  /** Goes on with somebody. */
  to(whom) {
    this.#choose(whom);
    document.getElementById('text').focus();
  }

  async write(typed, text) {
    const whom = dialled(typed);
    const letter = { text, at: new Date().toISOString(), isOwn: true, fate: 'on its way' };
    this.#choose(whom);
    this.#note(whom, letter);
    try {
      await this.#line.write(whom, text);
      letter.fate = '';
    } catch ({ status, cause }) {
      letter.fate = `not sent: ${reason(whom, status, cause)}`;
      this.#say(letter.fate);
    }
    this.#keep();
    const moment = this.#moments.get(letter);
    if (moment) moment.textContent = said(letter);
  }

  close() {
    this.#over.abort();
    this.#receiver.value = '';
    document.getElementById('text').value = '';
    this.#log.replaceChildren();
    this.#tabs.replaceChildren();
    sessionStorage.removeItem(`letters of ${this.#line.name}`);
  }

  #note(whom, letter) {
    const thread = this.#threads[whom] ?? { letters: [], unread: 0 };
    thread.letters = [...thread.letters, letter].slice(-KEPT_MAX);
    this.#threads[whom] = thread;
    this.#open ??= whom;
    if (this.#open !== whom) {
      thread.unread += 1;
    } else {
      if (!this.#receiver.value) this.#receiver.value = whom;
      // Added alone: who listens to the page would hear all the others again.
      this.#add(letter);
    }
    this.#keep();
    this.#showThreads();
  }

  #add(letter) {
    const [item, moment] = drawn(letter);
    this.#moments.set(letter, moment);
    this.#log.append(item);
    this.#log.scrollTop = this.#log.scrollHeight;
  }

  #choose(whom) {
    this.#receiver.value = whom;
    if (this.#open === whom) return;
    this.#open = whom || undefined;
    if (this.#threads[whom]) this.#threads[whom].unread = 0;
    this.#show();
  }

  #show() {
    this.#showThreads();
    this.#log.replaceChildren();
    this.#threads[this.#open]?.letters.forEach(letter => this.#add(letter));
  }

  #showThreads() {
    const tabs = Object.entries(this.#threads).map(([whom, { unread }]) => {
      const button = document.createElement('button');
      button.type = 'button';
      button.textContent = unread ? `${whom} (${unread} new)` : whom;
      button.setAttribute('aria-pressed', String(whom === this.#open));
      button.addEventListener('click', () => this.to(whom));
      const item = document.createElement('li');
      item.append(button);
      return item;
    });
    this.#tabs.replaceChildren(...tabs);
  }

  #kept() {
    try {
      const kept = JSON.parse(sessionStorage.getItem(`letters of ${this.#line.name}`) ?? '{}');
      return Object.assign(Object.create(null), kept);
    } catch {
      return Object.create(null);
    }
  }

  #keep() {
    sessionStorage.setItem(`letters of ${this.#line.name}`, JSON.stringify(this.#threads));
  }
}

function drawn(letter) {
  const item = document.createElement('li');
  item.className = letter.isOwn ? 'own' : 'theirs';
  const words = Object.assign(document.createElement('p'), { textContent: letter.text });
  const moment = Object.assign(document.createElement('time'), { dateTime: letter.at, textContent: said(letter) });
  item.append(words, moment);
  return [item, moment];
}

/** When it was written, and what became of it if that is worth a word. */
function said({ at, fate }) {
  const time = new Date(at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
  return fate ? `${time}, ${fate}` : time;
}
