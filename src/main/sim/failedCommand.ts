import type { CommandAnswer } from './behaviours.ts'

/** The text that the real command prints when its hardware fails. */
export function answerOfFailedCommand(words: readonly string[]): CommandAnswer {
  const [name = '', sub = ''] = words
  const text = texts[`${name} ${sub}`]?.(words) ?? texts[name]?.(words) ?? `## Error: ${name} failed\n`
  return { text, exitCode: 1 }
}

const hex = (word: string | undefined): number => Number.parseInt(word ?? '0', 16) || 0
const flashText = (length: string | undefined, offset: string | undefined, verb: string): string =>
  `SF: ${hex(length)} bytes @ 0x${hex(offset).toString(16)} ${verb}: ERROR -5\n`

const texts: Readonly<Record<string, (words: readonly string[]) => string>> = {
  'sf probe': () => 'Failed to initialize SPI flash at 0:0\n',
  'sf erase': ([, , offset, length]) => flashText(length, offset, 'Erased'),
  'sf write': ([, , , offset, length]) => flashText(length, offset, 'Written'),
  'sf read': ([, , , offset, length]) => flashText(length, offset, 'Read'),
  'sf update': () => 'SPI flash failed in erase step\n',
  tftpboot: () => "TFTP error: 'Access violation' (2)\nNot retrying...\n",
  ping: () => 'ping failed; host is not alive\n',
  saveenv: () => 'Saving Environment to SPI Flash...\nErasing SPI flash...SPI flash erase failed\n',
}
