// Colleagues, and how each of them stands.

import { dialled } from './words.js';

const RPID = 'urn:ietf:params:xml:ns:pidf:rpid';
const AGAIN_MS = 30_000;
const KEPT_MAX = 100;

/** What a presence document (PIDF with RPID) says: how the lamp is, and the words beside it. */
export function standing(document_) {
  const xml = new DOMParser().parseFromString(document_, 'application/xml');
  if (xml.querySelector('parsererror')) return { lamp: 'unknown', words: 'not known' };
  const all = (namespace, name) => [...xml.getElementsByTagNameNS(namespace, name)];
  const isOpen = all('*', 'basic').some(basic => basic.textContent.trim() === 'open');
  const activities = all(RPID, 'activities').flatMap(list => [...list.children].map(one => one.localName));
  const notes = all('*', 'note').filter(note => note.parentElement.localName === 'person');
  const note = notes.map(one => one.textContent.trim()).find(Boolean);
  if (activities.includes('on-the-phone')) return { lamp: 'busy', words: note ?? 'on a call' };
  if (activities.includes('busy')) return { lamp: 'busy', words: note ?? 'do not disturb' };
  if (!isOpen) return { lamp: 'away', words: note ?? 'not there' };
  if (activities.length) return { lamp: 'idle', words: note ?? activities[0].replaceAll('-', ' ') };
  return { lamp: 'free', words: note ?? 'can be reached' };
}

/** Why somebody is not seen any more. */
function ended(code, reason, known) {
  if (reason === 'rejected') return 'does not want to be watched';
  return code === known.SUBSCRIBE_NON_OK_RESPONSE ? 'nobody here has this name' : 'not known now';
}

export class Lamps {
  #line;
  #deeds;
  #list = document.getElementById('people');
  #lamps = new Map();

  /** `deeds` has `call` and `write`. */
  constructor(line, deeds) {
    this.#line = line;
    this.#deeds = deeds;
    this.#kept().forEach(name => this.#put(name));
    this.#note();
    // What was watched on a connection that is gone is watched anew.
    line.addEventListener('ready', () => this.watchAll());
    line.addEventListener('lost', () => this.#lamps.forEach(lamp => this.#show(lamp, 'unknown', 'not known now')));
  }

  watchAll() {
    this.#lamps.forEach(lamp => this.#watch(lamp));
  }

  add(typed) {
    const name = dialled(typed);
    if (!name || this.#lamps.has(name)) return;
    this.#put(name);
    this.#keep();
    if (this.#line.isReady) this.#watch(this.#lamps.get(name));
  }

  close() {
    for (const lamp of this.#lamps.values()) this.#forget(lamp);
    this.#list.replaceChildren();
    document.getElementById('known').replaceChildren();
  }

  #put(name) {
    const card = document.getElementById('lamp').content.firstElementChild.cloneNode(true);
    const lamp = { name, card, watch: undefined, again: undefined };
    card.querySelector('.whom').textContent = name;
    const on = (part, words, deed) => {
      const button = card.querySelector(part);
      button.querySelector('.unseen').textContent = words;
      button.title = words;
      button.addEventListener('click', deed);
    };
    on('.call', `Call ${name}`, () => this.#deeds.call(name));
    on('.write', `Write to ${name}`, () => this.#deeds.write(name));
    on('.remove', `Remove ${name}`, () => this.#remove(lamp));
    this.#lamps.set(name, lamp);
    this.#list.append(card);
    this.#show(lamp, 'unknown', 'not known yet');
  }

  #remove(lamp) {
    this.#forget(lamp);
    lamp.card.remove();
    this.#lamps.delete(lamp.name);
    this.#keep();
    document.getElementById('colleague').focus();
  }

  #watch(lamp) {
    this.#forget(lamp);
    const watch = this.#line.watch(
      lamp.name,
      said => {
        const { lamp: colour, words } = standing(said);
        if (lamp.watch === watch) this.#show(lamp, colour, words);
      },
      (code, reason) => {
        if (lamp.watch !== watch) return;
        this.#show(lamp, 'unknown', ended(code, reason, watch.C));
        lamp.again = setTimeout(() => this.#line.isReady && this.#watch(lamp), AGAIN_MS);
      },
    );
    lamp.watch = watch;
  }

  #forget(lamp) {
    clearTimeout(lamp.again);
    const watch = lamp.watch;
    lamp.watch = undefined;
    // One that has ended by itself takes no goodbye.
    if (watch && watch.state !== watch.C.STATE_TERMINATED) watch.terminate();
  }

  #show(lamp, colour, words) {
    lamp.card.dataset.lamp = colour;
    lamp.card.querySelector('.state').textContent = words;
  }

  #kept() {
    try {
      const kept = JSON.parse(localStorage.getItem(`colleagues of ${this.#line.name}`) ?? '[]');
      return kept.filter(name => typeof name === 'string').slice(0, KEPT_MAX);
    } catch {
      return [];
    }
  }

  #keep() {
    const names = [...this.#lamps.keys()];
    localStorage.setItem(`colleagues of ${this.#line.name}`, JSON.stringify(names.slice(0, KEPT_MAX)));
    this.#note();
  }

  #note() {
    const names = [...this.#lamps.keys()];
    document.getElementById('no-people').hidden = names.length > 0;
    const known = names.map(name => Object.assign(document.createElement('option'), { value: name }));
    document.getElementById('known').replaceChildren(...known);
  }
}
