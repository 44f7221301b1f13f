import { cameraCommands } from './cameraCommands.ts'
import type { Command } from './command.ts'
import { windowCommands } from './windowCommands.ts'
import { camerasCommands, jobCommands, sessionCommands } from './workCommands.ts'

/** Everything that can be done. Palette, menus, shortcuts, the sheet of keys and the check of the command line read this list and no other. */
const listed = [...windowCommands, ...cameraCommands, ...camerasCommands, ...jobCommands, ...sessionCommands] as const

export type ListedCommand = (typeof listed)[number]
export type CommandId = ListedCommand['id']
export const commands: readonly (Command & { readonly id: CommandId })[] = listed

export function commandOf(id: string): (Command & { readonly id: CommandId }) | undefined {
  return commands.find((each) => each.id === id)
}
