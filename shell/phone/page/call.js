// One call, from the first ring to its end.

import { BY_EVENTS } from './line.js';
import { microphone } from './sounds.js';
import { reason } from './words.js';

/** How long is waited for further ways to this browser; the house needs none of them. */
const GATHERED_MS = 500;
const HOLD_MS = 5_000;
/** How long a key sounds, and how long it is quiet after it, in milliseconds. */
const PRESSED = { duration: 120, interToneGap: 80 };

/** Tells "change" whenever something about it did, and "over" once. */
export class Call extends EventTarget {
  /** "calling", "arriving", "talking", "over". */
  state;
  isHeld = false;
  isHeldByThem = false;
  isMuted = false;
  hasEarlySound = false;
  since;
  /** What came of something that was asked for, or how it ended. */
  news = '';
  #session;
  #stream;
  #speaker = Object.assign(document.createElement('audio'), { autoplay: true });
  #isLeft = false;
  #isAnswering = false;
  /** What is told when it ends, where that is no news. */
  #fate;

  /** One that we make: the microphone is asked for first, for without it there is no call. */
  static async to(line, whom) {
    const stream = await microphone();
    return new Call(line.call(whom, stream), 'calling', whom, stream);
  }

  /** One that came. */
  static from(session) {
    const { display_name: shown, uri } = session.remote_identity;
    return new Call(session, 'arriving', shown || uri.user, undefined);
  }

  constructor(session, state, whom, stream) {
    super();
    Object.assign(this, { state, whom });
    this.#session = session;
    this.#stream = stream;
    this.#listen();
  }

  async answer() {
    if (this.state !== 'arriving' || this.#isAnswering) return;
    this.#isAnswering = true;
    try {
      this.#stream = await microphone();
    } finally {
      this.#isAnswering = false;
    }
    if (this.state !== 'arriving') return this.#letGo();
    this.#session.answer({ mediaStream: this.#stream, pcConfig: { iceServers: [] } });
  }

  hangUp() {
    this.#leave(603);
  }

  /** For who goes away: other devices of the user may still take what rings. */
  leave() {
    this.#leave(480);
  }

  #leave(status_code) {
    if (this.state === 'over') return;
    this.#isLeft = true;
    this.#session.terminate(this.state === 'arriving' ? { status_code } : {});
  }

  /** Resolves when the far end knows, or does not say that it does. */
  async hold() {
    if (this.state !== 'talking' || this.isHeld) return;
    await this.#anew('hold');
  }

  async resume() {
    if (this.state !== 'talking' || !this.isHeld) return;
    await this.#anew('unhold');
  }

  mute() {
    this.isMuted = !this.isMuted;
    this.#session[this.isMuted ? 'mute' : 'unmute']({ audio: true });
    this.#tell('change');
  }

  press(key) {
    if (this.state === 'talking') this.#session.sendDTMF(key, { transportType: BY_EVENTS, ...PRESSED });
  }

  /** Sends the other party to somebody; this call ends when they have met. */
  sendTo(address, whom) {
    this.#refer(address, whom, {});
  }

  /** Connects the other parties of two calls of ours. */
  join(other) {
    // The one that we made is replaced: its tags are named as its far end knows them.
    const [kept, given] = other.#session.direction === 'outgoing' ? [this, other] : [other, this];
    const session = given.#session;
    const replaces = session.direction === 'outgoing' ? session : seenFromThere(session);
    // That it ends is no news then: the other one tells.
    given.#fate = '';
    kept.#refer(session.remote_identity.uri, given.whom, { replaces }, () => { given.#fate = undefined; });
  }

  #refer(target, whom, more, undo = () => {}) {
    this.news = `Transferring to ${whom}…`;
    this.#tell('change');
    const failed = (status, cause) => {
      undo();
      this.news = `${reason(whom, status, cause)} The call is still here.`;
      this.#tell('change');
    };
    this.#session.refer(target, {
      ...more,
      eventHandlers: {
        requestFailed: ({ response, cause }) => failed(response?.status_code, cause),
        failed: ({ status_line: line }) => failed(line?.status_code),
        accepted: () => {
          this.#fate = `Transferred to ${whom}.`;
          this.hangUp();
        },
      },
    });
  }

  #anew(deed) {
    return new Promise(done => {
      const timer = setTimeout(done, HOLD_MS);
      const isUnderWay = this.#session[deed]({}, () => {
        clearTimeout(timer);
        done();
      });
      if (!isUnderWay) done();
    });
  }

  #listen() {
    const session = this.#session;
    const hear = connection => connection.addEventListener('track', ({ track, streams }) => {
      this.#speaker.srcObject = streams[0] ?? new MediaStream([track]);
    });
    // A call of ours has its connection already.
    if (session.connection) hear(session.connection);
    session.on('peerconnection', ({ peerconnection }) => hear(peerconnection));
    session.on('icecandidate', ({ ready }) => setTimeout(ready, GATHERED_MS));
    session.on('progress', ({ response }) => {
      this.hasEarlySound ||= Boolean(response?.body);
      this.#tell('change');
    });
    session.on('confirmed', () => this.#talks());
    session.on('accepted', () => this.#talks());
    session.on('hold', ({ originator }) => this.#holds(originator, true));
    session.on('unhold', ({ originator }) => this.#holds(originator, false));
    session.on('ended', () => this.#ends(this.#fate ?? (this.#isLeft ? '' : 'The call has ended.')));
    session.on('failed', ({ originator, message, cause }) => {
      if (this.#isLeft) return this.#ends('');
      if (session.direction === 'incoming' && originator === 'remote') return this.#ends(`${this.whom} called.`);
      this.#ends(reason(this.whom, message?.status_code, cause));
    });
  }

  #talks() {
    if (this.state === 'talking' || this.state === 'over') return;
    this.state = 'talking';
    this.since = Date.now();
    this.#tell('change');
  }

  #holds(originator, isHeld) {
    if (originator === 'local') this.isHeld = isHeld;
    else this.isHeldByThem = isHeld;
    this.#tell('change');
  }

  #ends(news) {
    if (this.state === 'over') return;
    this.state = 'over';
    this.news = news;
    this.#letGo();
    this.#tell('change');
    this.#tell('over');
  }

  #letGo() {
    this.#stream?.getTracks().forEach(track => track.stop());
    this.#stream = undefined;
    this.#speaker.srcObject = null;
  }

  #tell(what) {
    this.dispatchEvent(new Event(what));
  }
}

/** The tags of a call that came, the other way round: JsSIP names those of one that it made. */
function seenFromThere({ _request, _to_tag, _from_tag }) {
  return { _request, _to_tag: _from_tag, _from_tag: _to_tag };
}
