// The microphone, and what is heard before anybody speaks.

const REFUSALS = {
  NotAllowedError: 'The microphone is not allowed: allow it for this page beside the address, then try again.',
  NotFoundError: 'No microphone was found: connect one, then try again.',
  NotReadableError: 'The microphone is in use by another program: close that, then try again.',
};
const SPEECH = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
/** Pairs of tones, and for how long they sound and pause, in seconds. */
const RING = { tones: [523, 659], sounds: 0.9, pauses: 2.1, loudness: 0.12 };
const RINGBACK = { tones: [440, 480], sounds: 2, pauses: 4, loudness: 0.05 };

let room;
let playing;

/** Has to be called by a deed of the user: browsers play nothing before. */
export function prepare() {
  room ??= new AudioContext();
  room.resume();
}

/** The microphone as a stream of its own, or an error that says what to do. */
export async function microphone() {
  if (!navigator.mediaDevices) {
    throw new Error('Browsers give the microphone to pages that came by https alone: open this page by https.');
  }
  try {
    return await navigator.mediaDevices.getUserMedia({ audio: SPEECH, video: false });
  } catch (fault) {
    throw new Error(REFUSALS[fault.name] ?? `The microphone cannot be used: ${fault.message}`);
  }
}

/** Plays what belongs to what goes on: "ring", "ringback" or nothing. */
export function play(what) {
  if (playing?.what === what) return;
  clearInterval(playing?.timer);
  playing?.stop();
  playing = undefined;
  const sound = { ring: RING, ringback: RINGBACK }[what];
  if (!sound || !room) return;
  let stop = () => {};
  const once = () => { stop = burst(sound); };
  once();
  playing = { what, stop: () => stop(), timer: setInterval(once, (sound.sounds + sound.pauses) * 1000) };
}

function burst({ tones, sounds, loudness }) {
  const gain = new GainNode(room, { gain: 0 });
  gain.connect(room.destination);
  // Without a slope it clicks.
  gain.gain.setTargetAtTime(loudness, room.currentTime, 0.02);
  gain.gain.setTargetAtTime(0, room.currentTime + sounds, 0.02);
  const voices = tones.map(frequency => new OscillatorNode(room, { frequency }));
  for (const voice of voices) {
    voice.connect(gain);
    voice.start();
    voice.stop(room.currentTime + sounds + 0.2);
  }
  return () => {
    gain.gain.cancelScheduledValues(room.currentTime);
    gain.gain.setTargetAtTime(0, room.currentTime, 0.02);
  };
}
