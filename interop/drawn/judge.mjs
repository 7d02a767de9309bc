// Opens pages of calls in Chromium, as whoever was mailed one does, and says what is wrong about them.
//
//   node judge.mjs FOLDER
//
// FOLDER holds NAME.html with NAME.json beside it, the same call as `tandem call ladder --json` says it.

import fs from 'node:fs';
import path from 'node:path';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { HtmlValidate, StaticConfigLoader } from 'html-validate';
import { chromium } from 'playwright-core';

const folder = path.resolve(process.argv[2]);
const axe = fs.readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
// A page is XML, too, so that any reader can take it apart.
const rules = { 'void-style': ['error', { style: 'selfclose' }], 'long-title': 'off' };
const validator = new HtmlValidate(new StaticConfigLoader({ extends: ['html-validate:recommended'], rules }));

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  headless: true,
  args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-sync'],
});
const context = await browser.newContext({ viewport: { width: 1180, height: 900 }, colorScheme: 'light' });

const faults = [];
let arrows = 0;
const pages = fs.readdirSync(folder).filter(name => name.endsWith('.html')).sort();
for (const name of pages) arrows += await judged(name);
await browser.close();
if (pages.length === 0) faults.push('there is no page');
for (const fault of faults) console.log(fault);
if (faults.length > 0) process.exit(1);
console.log(`${pages.length} pages, ${arrows} arrows`);

async function judged(name) {
  const file = path.join(folder, name);
  const wrong = words => faults.push(`${name}: ${words}`);
  const known = JSON.parse(fs.readFileSync(file.replace(/html$/, 'json'), 'utf8'));
  const wanted = known.ladder.arrows.length;
  const report = await validator.validateFile(file);
  for (const one of report.results.flatMap(result => result.messages)) {
    wrong(`html-validate, line ${one.line}: ${one.ruleId}: ${one.message}`);
  }

  const page = await context.newPage();
  const url = pathToFileURL(file).href;
  page.on('console', message => wrong(`console: ${message.text()}`));
  page.on('pageerror', error => wrong(`error: ${error.message}`));
  page.on('dialog', dialog => { wrong(`a script runs: ${dialog.message()}`); dialog.dismiss(); });
  page.on('request', request => {
    if (request.url().split('#')[0] !== url) wrong(`asks for ${request.url()}`);
  });
  await page.goto(url);

  const seen = await page.evaluate(() => {
    const all = chosen => [...document.querySelectorAll(chosen)];
    const href = link => link.getAttribute('href');
    return {
      arrows: all('svg.ladder g.arrow').length,
      drawn: all('svg.ladder g.arrow a').map(href),
      listed: all('ol.steps > li[value] a').map(href),
      targets: all('details [id^=message-]').map(target => `#${target.id}`),
      texts: all('details pre').map(pre => pre.textContent),
      scripts: document.scripts.length,
      stroke: getComputedStyle(all('.ladder .wire')[0] ?? document.body).stroke,
      width: getComputedStyle(document.body).maxWidth,
    };
  });
  for (const [what, list] of Object.entries({ drawn: seen.drawn, listed: seen.listed, targets: seen.targets })) {
    const numbers = Array.from({ length: wanted }, (_, at) => `#message-${at + 1}`);
    if (list.join() !== numbers.join()) wrong(`${what}: ${list.join()}, where ${wanted} arrows are`);
  }
  const texts = [...known.found.messages, ...(known.found.observed ?? []).filter(one => one.same_as == null)];
  const plain = text => text.replace(/\r\n/g, '\n');
  const missing = texts.filter(one => !seen.texts.includes(plain(one.text)));
  if (missing.length > 0 || seen.texts.length !== wanted) wrong(`${missing.length} of ${texts.length} messages are missing`);
  if (seen.scripts !== 0) wrong(`${seen.scripts} scripts`);
  if (!seen.stroke.startsWith('rgb') || seen.width === 'none') wrong(`the style is not taken: ${seen.stroke} ${seen.width}`);

  // Each arrow leads to its message, which opens for it.
  for (let at = 1; at <= wanted; at++) {
    await page.locator(`svg.ladder g.arrow a[href="#message-${at}"]`).dispatchEvent('click');
    const opened = page.locator(`#message-${at}`);
    await opened.waitFor({ state: 'visible', timeout: 5_000 }).catch(() => wrong(`message ${at} does not open`));
  }
  await page.reload();
  for (const scheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme: scheme });
    const { violations } = await page.evaluate(`${axe}; axe.run({ resultTypes: ['violations'] })`);
    for (const one of violations) wrong(`axe, ${scheme}: ${one.id}: ${one.help}: ${one.nodes[0].html.slice(0, 200)}`);
  }
  // On paper nobody can open anything.
  await page.emulateMedia({ media: 'print', colorScheme: 'light' });
  const hidden = await page.evaluate(() => [...document.querySelectorAll('details pre')].filter(pre => {
    return pre.getBoundingClientRect().height === 0 || !pre.checkVisibility({ contentVisibilityAuto: true });
  }).length);
  if (hidden > 0) wrong(`${hidden} messages are not printed`);
  await page.close();
  return seen.arrows;
}
