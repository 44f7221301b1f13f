/**
 * One typed line and its answer. The end marker is echoed by U-Boot itself, so it proves that the command is over, whatever it printed.
 *
 * `; echo MARK $?` works in both of U-Boot's parsers: hush replaces `$?` by the return code, the simple parser of older
 * vendor builds leaves it as it is. The typed line is echoed too, but there MARK never stands at the start of a line.
 */
export interface CommandAnswer {
  readonly output: string
  /** Absent where the shell has no return codes. */
  readonly exitCode: number | undefined
}

/** U-Boot's line buffer is 1024 bytes in the builds we know; a longer line is cut without a word. */
export const maxCommandLength = 900

export const markerOf = (token: string): string => `__rb_${token}`

/** Printable ASCII only: a line end inside would make two commands out of one. */
export const isTypeable = (command: string): boolean =>
  command.length > 0 && command.length <= maxCommandLength && /^[\x20-\x7e]+$/.test(command)

/** Without the Enter key: destructive lines are read back from the echo before it is pressed. */
export const encodeCommandLine = (command: string, token: string): string => `${command}; echo ${markerOf(token)} $?`

/** Looks at everything received since the line was typed. `undefined`: not over yet. */
export function parseCommandAnswer(received: string, token: string, clean = cleanOutput): CommandAnswer | undefined {
  const mark = markerOf(token)
  // The line end is part of the match: without it "1" could be the first half of "127".
  const end = new RegExp(`(?:^|\\n|\\r)${mark} (\\d+|\\$\\?)[ \\t]*\\r?\\n`).exec(received)
  if (!end) return undefined
  const echoed = received.indexOf(`echo ${mark}`)
  const afterEcho = echoed < 0 || echoed > end.index ? 0 : received.indexOf('\n', echoed) + 1
  const output = received.slice(Math.min(afterEcho, end.index), end.index)
  const code = end[1] === '$?' ? undefined : Number(end[1])
  return { output: clean(output), exitCode: code }
}

/** Progress lines overwrite themselves with a bare carriage return; each becomes a line of its own. */
export const cleanOutput = (text: string): string =>
  text.replaceAll('\r\n', '\n').replaceAll('\r', '\n').split('\n').map((line) => line.trimEnd()).filter((line) => line !== '').join('\n')

/** Where spaces at the end of a line are contents. */
export const exactOutput = (text: string): string => text.replaceAll('\r\n', '\n')

/**
 * A prompt counts only at the end of the data and at the start of a line: `## Error: "x" not defined` and
 * "#  2 MiB" hold the same characters in the middle of an answer.
 */
const promptAtEnd = /(?:^|\n|\r)((?:OpenIPC|hisilicon|[A-Za-z][\w.-]{0,30})? ?(?:#|=>|>) )$/

export const findPrompt = (received: string): string | undefined => promptAtEnd.exec(received)?.[1]

export const endsWithPrompt = (received: string, prompt: string): boolean =>
  received.endsWith(`\n${prompt}`) || received.endsWith(`\r${prompt}`) || received === prompt
