const escape = '\u001b'
/** CSI, OSC (ended by BEL or ST), and the two- and three-character sequences; an unfinished one at the end goes too. */
const sequences = new RegExp(`${escape}(?:\\[[0-?]*[ -/]*(?:[@-~]|$)|\\][^\\u0007${escape}]{0,4096}(?:\\u0007|${escape}\\\\|$)|[ -/]+(?:[0-~]|$)|[0-~]|$)`, 'g')
// eslint-disable-next-line no-control-regex -- control characters are what this is about
const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\ufffd]/g

/** What a person would read: no escapes, no controls; tabs and line ends stay. Never throws. */
export function plainText(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes).replace(sequences, '').replace(/\r*\n/g, '\n')
  return text.split('\n').map(overwritten).join('\n').replace(controls, '')
}

/** A bare carriage return starts the line again: progress bars print hundreds of them and only the last one is on the screen. */
function overwritten(line: string): string {
  const parts = line.split('\r').filter((part) => part !== '')
  return parts.at(-1) ?? ''
}

/** Lines with something in them, oldest first. */
export function printedLines(bytes: Uint8Array, maxLineChars: number): string[] {
  return plainText(bytes).split('\n').map((line) => line.trim().slice(0, maxLineChars)).filter((line) => line !== '')
}
