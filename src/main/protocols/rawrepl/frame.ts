/** Control bytes of MicroPython's REPL. */
export const replKeys = { interrupt: 0x03, raw: 0x01, friendly: 0x02, run: 0x04 } as const
/** Ends what runs, twice because a program may catch the first, then asks for raw mode. */
export const enterRawBytes = Uint8Array.of(0x0d, replKeys.interrupt, replKeys.interrupt, replKeys.raw)
export const rawBanner = 'raw REPL; CTRL-B to exit\r\n>'
/** Ctrl-E, A, Ctrl-A: asks for raw paste, where the board says how much it can take. */
export const rawPasteBytes = Uint8Array.of(0x05, 0x41, 0x01)

/** What a board may say to one piece of code: more is a program that runs away. */
export const maxAnswerBytes = 256 * 1024
