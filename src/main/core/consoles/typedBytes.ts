import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'

/** What goes over the line. A letter that the encoding lacks is refused: a question mark in its place would be typed unseen. */
export function typedBytes(text: string, encoding: 'utf-8' | 'latin-1' = 'utf-8'): Uint8Array {
  if (encoding === 'utf-8') return new TextEncoder().encode(text)
  const [odd] = /[^\u0000-\u00ff]/u.exec(text) ?? [] // eslint-disable-line no-control-regex -- every byte may be sent
  if (odd !== undefined) throw new WorkbenchError('input/malformed', `Latin-1 has no letter ${JSON.stringify(odd)}`, { hint: 'Choose UTF-8 for this camera, or leave the letter out' })
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0))
}
