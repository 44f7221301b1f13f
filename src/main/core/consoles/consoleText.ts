import { controlLetters, escapeSequences } from '../../protocols/captureLines/plainLine.ts'

/** What a person would read: no escapes, no controls; tabs and line ends stay. Never throws. */
export function plainText(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes).replace(escapeSequences, '').replace(/\r*\n/g, '\n')
  return text.split('\n').map(overwritten).join('\n').replace(controlLetters, '')
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
