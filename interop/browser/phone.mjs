// The house's own browser phone in a real browser: Chromium without a window, whose microphone is a tone from a file.
// It does on the page what it is told line by line, as a user would, and tells what the page shows and what is heard.
//
//   node phone.mjs wss://127.0.0.1:8443 sip:hana@127.0.0.1 PASSWORD - 0
//
// Without a microphone where MICROPHONE=denied.

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import { chromium } from 'playwright-core';

const [url, uri, password] = process.argv.slice(2);
const name = uri.replace(/^sip:/, '').replace(/@.*$/, '');
const address = url.replace(/^ws/, 'http');
const tell = (...words) => console.log(words.join(' '));
const hears = process.env.MICROPHONE !== 'denied';

const profile = fs.mkdtempSync(path.join(os.tmpdir(), 'page-'));
const browser = await chromium.launchPersistentContext(profile, {
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  headless: true,
  ignoreHTTPSErrors: true,
  colorScheme: 'light',
  viewport: { width: 1180, height: 720 },
  permissions: hears ? ['microphone'] : [],
  args: [
    '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync', '--ignore-certificate-errors',
    // House and page are on one machine.
    '--allow-loopback-in-peer-connection', '--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests',
    '--use-fake-device-for-media-stream', `--use-file-for-fake-audio-capture=${path.resolve('microphone.wav')}`,
    ...(hears ? ['--use-fake-ui-for-media-stream'] : []),
  ],
});
const page = browser.pages()[0] ?? await browser.newPage();
page.on('console', message => {
  if (message.type() === 'error') tell('error', message.text());
  else if (process.env.DEBUG) tell('console', message.text());
});
page.on('pageerror', error => tell('error', error.message));
page.on('request', request => {
  if (!request.url().startsWith(address)) tell('elsewhere', request.url());
});
page.on('dialog', dialog => dialog.accept());
await page.exposeFunction('tell', tell);
await page.addInitScript(() => {
  // What makes speech clearer takes a tone for noise.
  const plain = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
  const { mediaDevices } = navigator;
  const real = mediaDevices?.getUserMedia.bind(mediaDevices);
  if (real) mediaDevices.getUserMedia = () => real({ audio: plain, video: false });
  globalThis.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...settings) {
      super(...settings);
      this.addEventListener('connectionstatechange', () => tell('media', this.connectionState));
    }
  };
  // What a user hears comes out of an element that plays.
  const speakers = [];
  const make = document.createElement.bind(document);
  document.createElement = (name, ...more) => {
    const made = make(name, ...more);
    if (name === 'audio') speakers.push(made);
    return made;
  };
  let context;
  globalThis.ears = async () => {
    const speaker = speakers.findLast(one => one.srcObject?.getAudioTracks().length && !one.paused);
    if (!speaker) return 'hears nothing';
    context ??= new AudioContext();
    const ears = context.createAnalyser();
    ears.fftSize = 32768;
    const source = context.createMediaStreamSource(speaker.srcObject);
    source.connect(ears);
    await new Promise(heard => setTimeout(heard, 1_200));
    const wave = new Float32Array(ears.fftSize);
    ears.getFloatTimeDomainData(wave);
    source.disconnect();
    let swings = 0;
    for (let at = 1; at < wave.length; at++) if ((wave[at - 1] < 0) !== (wave[at] < 0)) swings++;
    const loudness = Math.sqrt(wave.reduce((sum, sample) => sum + sample * sample, 0) / wave.length);
    if (loudness < 0.01) return 'hears silence';
    return `hears ${Math.round(swings / 2 / (wave.length / context.sampleRate))}`;
  };
  const seen = new Map();
  const once = (key, words, so) => {
    if (seen.get(key) !== so) tell(words);
    seen.set(key, so);
  };
  let cards = 0;
  const look = () => {
    for (const card of document.querySelectorAll('#calls > li')) {
      card.number ??= ++cards;
      const whom = card.querySelector('.whom').textContent;
      const news = card.querySelector('.news').textContent;
      const words = { arriving: `rings ${whom}`, over: `over ${news}`, held: 'holds', talking: 'talks', calling: 'calls' };
      const state = card.dataset.state;
      const was = seen.get(card.number);
      if (state) once(card.number, was === 'held' && state === 'talking' ? 'goes on' : words[state], state);
      if (news) once(`${card.number} news`, `news ${news}`, news);
    }
    for (const lamp of document.querySelectorAll('#people > li')) {
      const [whom, state] = ['.whom', '.state'].map(part => lamp.querySelector(part).textContent);
      once(`lamp ${whom}`, `lamp ${whom} ${lamp.dataset.lamp} ${state}`, `${lamp.dataset.lamp} ${state}`);
    }
    for (const [at, letter] of document.querySelectorAll('#letters > .theirs').entries()) {
      const text = letter.querySelector('p').textContent;
      once(`letter ${at}`, `message ${text}`, text);
    }
    const standing = document.getElementById('standing').textContent;
    if (standing) once('standing', standing === 'can be reached' ? 'registered' : `stands ${standing}`, standing);
    for (const id of ['said', 'door-says']) {
      const said = document.getElementById(id).textContent;
      if (said) once(id, `says ${said}`, said);
    }
  };
  document.addEventListener('DOMContentLoaded', () => {
    const all = { subtree: true, childList: true, characterData: true, attributes: true };
    new MutationObserver(look).observe(document.body, all);
  });
});
const answer = await page.goto(`${address}/`);
tell('page', answer.status(), answer.headers()['content-security-policy'] ? 'with a policy' : 'without a policy');

const press = (button, state = '') => page.locator(`.call${state} ${button}`).first().click();
const deeds = {
  // By the keyboard alone.
  enter: async word => {
    await page.fill('#name', name);
    await page.keyboard.press('Tab');
    await page.keyboard.type(word || password);
    await page.keyboard.press('Enter');
  },
  call: async whom => {
    await page.fill('#whom', whom);
    await page.keyboard.press('Enter');
  },
  answer: () => press('.answer', '[data-state="arriving"]'),
  hold: () => press('.hold', '[data-state="talking"]'),
  resume: () => press('.resume', '[data-state="held"]'),
  keys: async keys => {
    await press('.keys', '[data-state="talking"]');
    for (const key of keys) {
      await page.locator('.call[data-state="talking"] .pad button', { hasText: key }).first().click();
      await new Promise(pressed => setTimeout(pressed, 300));
    }
  },
  transfer: async whom => {
    await press('.transfer', '[data-state="talking"]');
    await page.locator('.call[data-state="talking"] .give input').fill(whom);
    await page.keyboard.press('Enter');
  },
  ask: async whom => {
    await press('.transfer', '[data-state="talking"]');
    await page.locator('.call[data-state="talking"] .give input').fill(whom);
    await press('.ask', '[data-state="talking"]');
  },
  join: () => press('.join', '[data-state="talking"]'),
  watch: async whom => {
    await page.fill('#colleague', whom);
    await page.keyboard.press('Enter');
  },
  write: async (whom, ...words) => {
    await page.fill('#receiver', whom);
    await page.fill('#text', words.join(' '));
    await page.keyboard.press('Enter');
  },
  listen: async () => tell(await page.evaluate(() => ears())),
  hangup: () => press('.end'),
  // Where the keyboard is: nobody who uses it alone may lose their place.
  focus: async () => tell('focus', await page.evaluate(() => document.activeElement.className || document.activeElement.id)),
  out: () => page.click('#leave'),
  reload: () => page.reload(),
  picture: async (file, scheme, width) => {
    await page.emulateMedia({ colorScheme: scheme ?? 'light' });
    await page.setViewportSize({ width: Number(width ?? 1180), height: 720 });
    await page.screenshot({ path: `${file}.png`, fullPage: true });
    tell('picture', file);
  },
};
const orders = readline.createInterface({ input: process.stdin });
let turn = Promise.resolve();
orders.on('line', line => {
  const [deed, ...words] = line.trim().split(' ');
  turn = turn.then(() => deeds[deed]?.(...words)).catch(error => tell('error', error.message));
});
const leave = async code => {
  await browser.close();
  fs.rmSync(profile, { recursive: true, force: true });
  process.exit(code);
};
orders.on('close', () => turn.then(() => leave(0)));
setTimeout(() => leave(1), 180_000);
