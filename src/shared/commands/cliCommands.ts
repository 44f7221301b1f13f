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
  network: 'serves one file by TFTP; in the window every job serves its own',
  updater: 'runs on an appliance, which has no window',
  deploy: 'a package onto an appliance, for scripts',
} as const

/** Of a command that both have, what the window leaves out. */
export const cliVerbsOnly = {
  'rack identify': 'cuts one port after another to see whose power is whose; meant for somebody who looks at the rack',
  'audit export': 'writes the log into a file for other programs',
  'power audit': 'keeps the configuration of a switch; the window does so where a switch is tested',
} as const

/** Each command of the command line is one of the list, or stands above. */
export type CliCommandName = CliOf<ListedCommand> | keyof typeof cliOnly
