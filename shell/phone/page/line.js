// The line to the house: registered, found again when it is lost, and what comes on it.

import { C, UA, WebSocketInterface } from './jssip.js';

const AGAIN_MS = 20_000;

/** JsSIP knows MD5 and looks at one challenge: of several it is shown the one that it knows. */
class Wire extends WebSocketInterface {
  #hear;

  set ondata(hear) {
    this.#hear = data => hear(withKnownChallenge(data));
  }

  get ondata() {
    return this.#hear;
  }
}

export function withKnownChallenge(data) {
  if (typeof data !== 'string' || !/^SIP\/2\.0 40[17] /.test(data)) return data;
  const isChallenge = line => /^(www|proxy)-authenticate *:/i.test(line);
  const isKnown = line => !/algorithm *=/i.test(line) || /algorithm *= *"?md5"? *(,|$)/i.test(line);
  const lines = data.split('\r\n');
  if (!lines.some(line => isChallenge(line) && isKnown(line))) return data;
  return lines.filter(line => !isChallenge(line) || isKnown(line)).join('\r\n');
}

/** The same for as long as this tab lives, so that a page that is loaded anew takes its own place. */
function device() {
  // Browsers have it for pages that came by https alone; JsSIP makes one of its own for the others.
  const id = sessionStorage.getItem('device') ?? crypto.randomUUID?.();
  if (id) sessionStorage.setItem('device', id);
  return id;
}

/** Tells "ready", "lost" and "refused", and of each "call" and "letter". */
export class Line extends EventTarget {
  #agent;
  #again;
  #isOver = false;

  constructor(name, password) {
    super();
    this.name = name;
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
    this.#agent = new UA({
      sockets: [new Wire(`${scheme}://${location.host}/`)],
      uri: this.address(name),
      authorization_user: name,
      password,
      instance_id: device(),
      register_expires: 300,
      session_timers: false,
      user_agent: 'Tandem browser phone',
      connection_recovery_min_interval: 1,
      connection_recovery_max_interval: 15,
    });
    this.#listen();
    this.#agent.start();
  }

  address(whom) {
    const user = encodeURIComponent(whom).replaceAll('%2B', '+').replaceAll('%2A', '*');
    return `sip:${user}@${location.hostname}`;
  }

  get isReady() {
    return this.#agent.isRegistered();
  }

  /** Calls somebody; what comes of it is told by the session. */
  call(whom, mediaStream) {
    return this.#agent.call(this.address(whom), {
      mediaStream, pcConfig: { iceServers: [] }, rtcOfferConstraints: { offerToReceiveAudio: true },
    });
  }

  /** Sends a message; resolves when the house has taken it, and gives the status where it has not. */
  write(whom, text) {
    return new Promise((taken, refused) => {
      this.#agent.sendMessage(this.address(whom), text, {
        contentType: 'text/plain;charset=UTF-8',
        eventHandlers: {
          succeeded: () => taken(),
          failed: ({ response, cause }) => refused({ status: response?.status_code, cause }),
        },
      });
    });
  }

  /** Watches somebody's presence; `told` gets each document, `ended` is told when it is over. */
  watch(whom, told, ended) {
    const expires = 600;
    const watch = this.#agent.subscribe(this.address(whom), 'presence', 'application/pidf+xml', { expires });
    watch.on('notify', (_, __, body) => told(body));
    watch.on('terminated', (code, reason) => ended(code, reason));
    watch.subscribe();
    return watch;
  }

  close() {
    this.#isOver = true;
    clearTimeout(this.#again);
    this.#agent.stop();
  }

  #tell(what, detail) {
    if (!this.#isOver) this.dispatchEvent(new CustomEvent(what, { detail }));
  }

  #listen() {
    const agent = this.#agent;
    agent.on('registered', () => this.#tell('ready'));
    agent.on('disconnected', () => this.#tell('lost', {}));
    agent.on('registrationFailed', ({ response, cause }) => {
      const status = response?.status_code;
      // Whoever was believed once is tried again: another password is asked for by the user alone.
      if (status && status !== 401 && status !== 403) {
        clearTimeout(this.#again);
        this.#again = setTimeout(() => agent.isConnected() && agent.register(), AGAIN_MS);
      }
      this.#tell(status === 401 || status === 403 ? 'refused' : 'lost', { status, cause });
    });
    agent.on('newRTCSession', ({ originator, session }) => {
      if (originator === 'remote') this.#tell('call', session);
    });
    agent.on('newMessage', ({ originator, message, request }) => {
      if (originator !== 'remote') return;
      const kind = request.getHeader('content-type') ?? 'text/plain';
      if (!/^text\/plain\b/i.test(kind)) {
        message.reject({ status_code: 415 });
        return;
      }
      const { uri, display_name: shown } = request.from;
      const at = new Date(request.getHeader('date') ?? Date.now());
      this.#tell('letter', { from: uri.user, shown, text: request.body, at: isNaN(at) ? new Date() : at });
    });
  }
}

export const BY_EVENTS = C.DTMF_TRANSPORT.RFC2833;
