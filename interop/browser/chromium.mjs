// A page with JsSIP on it in a real browser: Chromium without a window, whose microphone is a tone from a file. It
// does what it is told line by line, and tells what happens to it and what it hears.
//
//   node chromium.mjs wss://127.0.0.1:8443 sip:hana@127.0.0.1 PASSWORD https://phones.example.com 0

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import esbuild from 'esbuild';
import { chromium } from 'playwright-core';

const [url, uri, password, origin] = process.argv.slice(2);
const tell = (...words) => console.log(words.join(' '));

const { outputFiles: [library] } = await esbuild.build({
  stdin: { contents: "import JsSIP from 'jssip'; globalThis.JsSIP = JsSIP;", resolveDir: import.meta.dirname },
  bundle: true,
  format: 'iife',
  write: false,
  logLevel: 'error',
});

const profile = fs.mkdtempSync(path.join(os.tmpdir(), 'page-'));
const browser = await chromium.launchPersistentContext(profile, {
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  headless: true,
  ignoreHTTPSErrors: true,
  permissions: ['microphone'],
  args: [
    '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync', '--ignore-certificate-errors',
    // House and page are on one machine.
    '--allow-loopback-in-peer-connection', '--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests',
    '--autoplay-policy=no-user-gesture-required', '--use-fake-ui-for-media-stream',
    '--use-fake-device-for-media-stream', `--use-file-for-fake-audio-capture=${path.resolve('microphone.wav')}`,
  ],
});
const page = browser.pages()[0] ?? await browser.newPage();
page.on('console', message => { if (process.env.DEBUG) tell('console', message.text()); });
page.on('pageerror', error => tell('error', error.message));
await page.route(`${origin}/**`, route => route.fulfill({
  contentType: 'text/html', body: '<!doctype html><title>phone</title><audio id="speaker" autoplay></audio>',
}));
await page.goto(`${origin}/`);
await page.exposeFunction('tell', tell);
await page.addScriptTag({ content: library.text });
if (process.env.DEBUG) await page.evaluate(() => JsSIP.debug.enable('JsSIP:*'));

await page.evaluate(({ url, uri, password }) => {
  // What makes speech clearer takes a tone for noise.
  const audio = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
  globalThis.settings = { mediaConstraints: { audio, video: false }, pcConfig: { iceServers: [] } };
  globalThis.phone = new JsSIP.UA({
    sockets: [new JsSIP.WebSocketInterface(url)], uri, password, register_expires: 600, session_timers: false,
  });
  let ears;
  const hear = connection => connection.addEventListener('track', ({ track }) => {
    const stream = new MediaStream([track]);
    document.getElementById('speaker').srcObject = stream;
    const context = new AudioContext();
    ears = context.createAnalyser();
    ears.fftSize = 32768;
    context.createMediaStreamSource(stream).connect(ears);
  });
  globalThis.listen = () => {
    if (!ears) return 'hears nothing';
    const wave = new Float32Array(ears.fftSize);
    ears.getFloatTimeDomainData(wave);
    let swings = 0;
    for (let at = 1; at < wave.length; at++) if ((wave[at - 1] < 0) !== (wave[at] < 0)) swings++;
    const loudness = Math.sqrt(wave.reduce((sum, sample) => sum + sample * sample, 0) / wave.length);
    if (loudness < 0.01) return 'hears silence';
    return `hears ${Math.round(swings / 2 / (wave.length / ears.context.sampleRate))}`;
  };
  phone.on('registered', () => tell('registered'));
  phone.on('registrationFailed', ({ cause, response }) => tell('unregistered', response?.status_code ?? cause));
  phone.on('disconnected', () => tell('disconnected'));
  phone.on('newRTCSession', ({ originator, session }) => {
    globalThis.call = session;
    const watch = connection => {
      hear(connection);
      connection.addEventListener('connectionstatechange', () => tell('media', connection.connectionState));
    };
    // A call of its own has its connection already.
    if (session.connection) watch(session.connection);
    else session.on('peerconnection', ({ peerconnection }) => watch(peerconnection));
    session.on('confirmed', () => tell('talks'));
    session.on('ended', ({ originator: by }) => tell('over', by));
    session.on('failed', ({ cause }) => tell('failed', cause));
    session.on('getusermediafailed', () => tell('failed', 'microphone'));
    session.on('peerconnection:setremotedescriptionfailed', error => tell('failed', error.message));
    if (originator === 'remote') tell('rings', session.remote_identity.uri.user);
  });
  phone.start();
}, { url, uri, password });

const deeds = {
  answer: () => page.evaluate(() => { call.answer(settings); }),
  call: whom => page.evaluate(whom => { phone.call(whom, settings); }, whom),
  hold: () => page.evaluate(() => { call.hold({}, () => tell('holds')); }),
  resume: () => page.evaluate(() => { call.unhold({}, () => tell('goes on')); }),
  listen: async () => tell(await page.evaluate(() => listen())),
  hangup: () => page.evaluate(() => { call.terminate(); }),
  quit: () => page.evaluate(() => { phone.stop(); }),
};
const orders = readline.createInterface({ input: process.stdin });
orders.on('line', line => {
  const [deed, ...words] = line.trim().split(' ');
  Promise.resolve(deeds[deed]?.(...words)).catch(error => tell('error', error.message));
});
const leave = async code => {
  await browser.close();
  fs.rmSync(profile, { recursive: true, force: true });
  process.exit(code);
};
orders.on('close', () => leave(0));
setTimeout(() => leave(1), 120_000);
