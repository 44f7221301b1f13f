import type { ListedCommand } from './commands.ts'

type FirstWord<Text extends string> = Text extends `${infer First} ${string}` ? First : Text
type CliOf<C> = C extends { readonly cli: { readonly words: infer Words extends string } } ? FirstWord<Words> : never

/** What only the command line has, and why the window has no such thing. */
export const cliOnly = {
  demo: 'a restore on a simulated camera, from beginning to end; the window has its demo rack for that',
  sim: 'simulated pods for other programs',
  serve: 'starts the window',
  detect: 'waits for a boot ROM on a line; the window does so when it starts a camera',
  capture: 'keeps what one line says; the window keeps what all cameras say',
  registry: 'serves firmware to nodes from a folder of its own, for scripts and machines without a window',
  network: 'serves one file by TFTP; in the window every job serves its own',
  token: 'who may come in beside the window; whoever sits at it needs none',
  updater: 'runs on an appliance, which has no window',
} as const

/** Each command of the command line is one of the list, or stands above. */
export type CliCommandName = CliOf<ListedCommand> | keyof typeof cliOnly
