// A page with JsSIP on it, as far as Node can play a browser: its WebSocket is that of the package `ws`, its media
// is one fixed description and no sound. It does what it is told line by line, and tells what happens to it.
//
//   node page.mjs ws://127.0.0.1:8080 sip:hana@127.0.0.1 PASSWORD https://phones.example.com 30000

import readline from 'node:readline';
import JsSIP from 'jssip';
import WebSocket from 'ws';

const [url, uri, password, origin, port] = process.argv.slice(2);
const tell = (...words) => console.log(words.join(' '));

const SDP = [
  'v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0',
  `m=audio ${port} RTP/AVP 0`, 'a=rtpmap:0 PCMU/8000', 'a=sendrecv', '',
].join('\r\n');

let socket;
globalThis.window = globalThis;
globalThis.WebSocket = class extends WebSocket {
  constructor(address, protocols) {
    super(address, protocols, { origin });
    socket = this;
    this.on('unexpected-response', (_, answer) => tell('refused', answer.statusCode));
  }
};
globalThis.RTCSessionDescription = class {
  constructor({ type, sdp }) {
    Object.assign(this, { type, sdp });
  }
};
globalThis.RTCPeerConnection = class {
  iceGatheringState = 'complete';
  iceConnectionState = 'connected';
  signalingState = 'stable';
  addEventListener() {}
  removeEventListener() {}
  addTrack() {}
  getSenders() { return []; }
  close() {}
  async createOffer() { return { type: 'offer', sdp: SDP }; }
  async createAnswer() { return { type: 'answer', sdp: SDP }; }
  async setLocalDescription(description) { this.localDescription = description; }
  async setRemoteDescription(description) { this.remoteDescription = description; }
};
if (process.env.DEBUG) JsSIP.debug.enable('JsSIP:*');

let phone;
let call;

function load() {
  const page = new JsSIP.UA({
    sockets: [new JsSIP.WebSocketInterface(url)],
    uri,
    password,
    register_expires: 600,
    session_timers: false,
    instance_id: '8f1fa16a-1165-4a96-8341-785b1ef24f12',
  });
  page.on('connected', () => tell('connected'));
  page.on('disconnected', () => tell('disconnected'));
  page.on('registered', ({ response }) => tell('registered', response.getHeader('Contact')));
  page.on('registrationFailed', ({ cause, response }) => tell('unregistered', response?.status_code ?? cause));
  page.on('newMessage', ({ originator, request }) => {
    if (originator === 'remote') tell('message', request.body);
  });
  page.on('newRTCSession', ({ originator, session }) => {
    call = session;
    session.on('confirmed', () => tell('talks'));
    session.on('ended', ({ originator: by }) => tell('over', by));
    session.on('failed', ({ cause }) => tell('failed', cause));
    if (originator === 'remote') tell('rings', session.remote_identity.uri.user);
  });
  page.start();
  return page;
}

const quiet = { mediaStream: { getTracks: () => [] } };
const deeds = {
  answer: () => call.answer(quiet),
  call: whom => phone.call(whom, quiet),
  hangup: () => call.terminate(),
  write: (whom, ...words) => phone.sendMessage(whom, words.join(' ')),
  // What a browser does when a page is loaded anew: the socket is gone, and nobody has said goodbye to SIP.
  reload: () => {
    socket.close();
    phone.removeAllListeners();
    phone._transport.disconnect();
    phone = load();
  },
  // A machine that is switched off.
  vanish: () => socket.terminate(),
  quit: () => phone.stop(),
};

phone = load();
const orders = readline.createInterface({ input: process.stdin });
orders.on('line', line => {
  const [deed, ...words] = line.trim().split(' ');
  deeds[deed]?.(...words);
});
orders.on('close', () => process.exit(0));
setTimeout(() => process.exit(1), 120_000);
