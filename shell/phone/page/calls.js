// All calls at hand, as cards: one of them is spoken in, the others are held.

import { Call } from './call.js';
import { play } from './sounds.js';
import { clock, dialled } from './words.js';

const KEYS = '123456789*0#';
/** For how long a card tells how its call ended. */
const STAYS_MS = 8_000;

export class Calls {
  #line;
  #say;
  #list = document.getElementById('calls');
  #cards = new Map();
  #isDialling = false;
  #ticking = setInterval(() => this.#tick(), 1_000);

  constructor(line, say) {
    this.#line = line;
    this.#say = say;
    line.addEventListener('call', ({ detail: session }) => this.#take(Call.from(session)));
  }

  get isBusy() {
    return this.#going().length > 0;
  }

  async dial(typed) {
    const whom = dialled(typed);
    // The browser may be asking the user for the microphone.
    if (!whom || this.#isDialling) return;
    this.#isDialling = true;
    try {
      await this.#holdAllBut(undefined);
      this.#take(await Call.to(this.#line, whom));
    } finally {
      this.#isDialling = false;
    }
  }

  close() {
    clearInterval(this.#ticking);
    this.#going().forEach(call => call.leave());
    play();
  }

  #going() {
    return [...this.#cards.keys()].filter(call => call.state !== 'over');
  }

  #answered() {
    return this.#going().filter(call => call.state === 'talking');
  }

  async #holdAllBut(one) {
    await Promise.all(this.#answered().filter(call => call !== one).map(call => call.hold()));
  }

  #take(call) {
    const card = document.getElementById('call-card').content.firstElementChild.cloneNode(true);
    this.#cards.set(call, card);
    card.querySelector('.whom').textContent = call.whom;
    this.#wire(call, card);
    call.addEventListener('change', () => this.#show());
    call.addEventListener('over', () => this.#part(call, card));
    this.#list.prepend(card);
    if (call.state === 'arriving') this.#say(`${call.whom} calls.`);
    this.#show();
  }

  #part(call, card) {
    // Who has just pressed a key of a card must not be left without a place on the page.
    if (card.contains(document.activeElement)) document.getElementById('whom').focus();
    if (call.news) this.#say(call.news);
    setTimeout(() => {
      card.remove();
      this.#cards.delete(call);
      this.#show();
    }, call.news ? STAYS_MS : 0);
  }

  #wire(call, card) {
    const on = (name, deed) => card.querySelector(name).addEventListener('click', () => {
      Promise.resolve(deed()).catch(fault => this.#say(fault.message));
    });
    on('.answer', async () => {
      await this.#holdAllBut(call);
      await call.answer();
    });
    on('.end', () => call.hangUp());
    on('.hold', () => call.hold());
    on('.resume', async () => {
      await this.#holdAllBut(call);
      await call.resume();
    });
    on('.mute', () => call.mute());
    on('.join', () => {
      const other = this.#answered().find(one => one !== call);
      if (other) call.join(other);
    });
    const [pad, give] = [card.querySelector('.pad'), card.querySelector('.give')];
    on('.keys', () => this.#open(card, pad, '.keys'));
    on('.transfer', () => this.#open(card, give, '.transfer'));
    this.#wirePad(call, card, pad);
    this.#wireTransfer(call, give);
  }

  #open(card, part, button) {
    part.hidden = !part.hidden;
    card.querySelector(button).setAttribute('aria-expanded', String(!part.hidden));
    if (!part.hidden) part.querySelector('input, button').focus();
  }

  #wirePad(call, card, pad) {
    for (const key of KEYS) {
      const button = Object.assign(document.createElement('button'), { type: 'button', textContent: key });
      button.addEventListener('click', () => call.press(key));
      pad.append(button);
    }
    card.addEventListener('keydown', event => {
      const isTyping = event.target instanceof HTMLInputElement;
      if (pad.hidden || isTyping || event.ctrlKey || event.metaKey || event.altKey || !KEYS.includes(event.key)) return;
      call.press(event.key);
      const pressed = [...pad.children].find(button => button.textContent === event.key);
      pressed?.classList.add('pressed');
      setTimeout(() => pressed?.classList.remove('pressed'), 150);
    });
  }

  #wireTransfer(call, give) {
    const input = give.querySelector('input');
    give.addEventListener('submit', event => {
      event.preventDefault();
      const whom = dialled(input.value);
      this.#open(give.closest('.call'), give, '.transfer');
      if (event.submitter?.classList.contains('ask')) this.dial(whom).catch(fault => this.#say(fault.message));
      else call.sendTo(this.#line.address(whom), whom);
    });
  }

  #show() {
    for (const [call, card] of this.#cards) this.#draw(call, card);
    const going = this.#going();
    document.getElementById('no-calls').hidden = this.#cards.size > 0;
    const arriving = going.find(call => call.state === 'arriving');
    document.title = arriving ? `${arriving.whom} calls` : going.length ? `In a call · Phone` : 'Phone';
    const isAlone = !going.some(call => call.state === 'talking' && !call.isHeld);
    const waits = going.find(call => call.state === 'calling' && !call.hasEarlySound);
    play(arriving && isAlone ? 'ring' : waits ? 'ringback' : undefined);
  }

  #draw(call, card) {
    const { state } = call;
    const focused = card.contains(document.activeElement) ? document.activeElement : undefined;
    const other = this.#answered().find(one => one !== call);
    const isTalking = state === 'talking';
    const show = (name, isShown) => { card.querySelector(name).hidden = !isShown; };
    show('.answer', state === 'arriving');
    show('.hold', isTalking && !call.isHeld);
    show('.resume', isTalking && call.isHeld);
    show('.mute', isTalking && !call.isHeld);
    show('.keys', isTalking);
    show('.transfer', isTalking);
    show('.join', isTalking && !call.isHeld && other);
    show('.end', state !== 'over');
    show('.clock', isTalking);
    if (!isTalking) [show('.pad', false), show('.give', false)];
    card.querySelector('.end span').textContent = state === 'arriving' ? 'Decline' : 'Hang up';
    if (other) card.querySelector('.join span').textContent = `Connect with ${other.whom}`;
    card.querySelector('.mute').setAttribute('aria-pressed', String(call.isMuted));
    card.querySelector('.state').textContent = standing(call);
    card.querySelector('.news').textContent = call.news;
    card.dataset.state = isTalking && call.isHeld ? 'held' : state;
    // Who pressed a button that is gone now goes on from the first that is there.
    if (focused?.closest('[hidden]')) {
      card.querySelector('.deeds button:not([hidden])')?.focus();
    }
  }

  #tick() {
    for (const [call, card] of this.#cards) {
      if (call.state !== 'talking') continue;
      card.querySelector('.clock').textContent = clock(Math.round((Date.now() - call.since) / 1000));
    }
  }
}

function standing({ state, isHeld, isHeldByThem, isMuted, hasEarlySound }) {
  if (state === 'calling') return hasEarlySound ? 'is being reached' : 'is called…';
  if (state === 'arriving') return 'calls you';
  if (state === 'over') return '';
  if (isHeld) return 'is on hold';
  if (isHeldByThem) return 'has put you on hold';
  return isMuted ? 'does not hear you: muted' : 'in a call';
}

