// What the browser phone takes of JsSIP; docs/decisions/the-phone-is-a-page.md says how it is bundled.
export { C, UA, WebSocketInterface } from 'jssip';
