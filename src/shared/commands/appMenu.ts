import type { CommandGroup } from './command.ts'
import { type CommandId, commands } from './commands.ts'
import type { Keys, Platform } from './keys.ts'

/** A part of what Electron takes for a menu, with a command where it takes a function. */
export interface AppMenuItem {
  readonly label?: string
  readonly type?: 'separator'
  readonly role?: 'appMenu' | 'undo' | 'redo' | 'cut' | 'copy' | 'paste' | 'selectAll' | 'minimize' | 'togglefullscreen' | 'quit'
  readonly command?: CommandId
  readonly accelerator?: string
  readonly registerAccelerator?: boolean
  readonly submenu?: readonly AppMenuItem[]
}

/** Shown and not bound: the page has the one listener, and it knows whether a terminal has the focus. */
const unbound = { registerAccelerator: false } as const
const helpId = 'keys.show'

function acceleratorOf(keys: readonly Keys[] = []): Pick<AppMenuItem, 'accelerator' | 'registerAccelerator'> {
  // A key alone would be taken from whoever types it.
  const [first] = keys.filter((each) => each.includes('+'))
  return first === undefined ? {} : { accelerator: first.replace('Mod', 'CommandOrControl'), ...unbound }
}

function itemsOf(groups: readonly CommandGroup[]): readonly AppMenuItem[] {
  return groups.flatMap((group, index) => [
    ...(index > 0 ? [{ type: 'separator' } as const] : []),
    ...commands.filter((each) => each.group === group && each.id !== helpId).map(({ id, title, keys, destructive }): AppMenuItem => ({ label: destructive ? `${title}…` : title, command: id, ...acceleratorOf(keys) })),
  ])
}

/** The application's menu: every command stands in it once. */
export function appMenu(platform: Platform): readonly AppMenuItem[] {
  const edit = (['undo', 'redo', 'cut', 'copy', 'paste', 'selectAll'] as const).map((role): AppMenuItem => ({ role, ...unbound }))
  return [
    ...(platform === 'mac' ? [{ role: 'appMenu' } as const] : []),
    { label: 'Rack', submenu: [...itemsOf(['Rack']), ...(platform === 'mac' ? [] : [{ type: 'separator' } as const, { role: 'quit', ...unbound } as const])] },
    { label: 'Edit', submenu: edit },
    { label: 'View', submenu: [...itemsOf(['Go to', 'General']), { type: 'separator' }, { role: 'minimize', ...unbound }, { role: 'togglefullscreen', ...unbound }] },
    { label: 'Camera', submenu: itemsOf(['Camera', 'Power', 'Several cameras']) },
    { label: 'Console', submenu: itemsOf(['Console']) },
    { label: 'Job', submenu: itemsOf(['Job']) },
    { label: 'Captures', submenu: itemsOf(['Captures']) },
    { label: 'Updates', submenu: itemsOf(['Updates']) },
    { label: 'Fleet', submenu: itemsOf(['Fleet']) },
    { label: 'Help', submenu: [{ label: 'Keys', command: helpId }] },
  ]
}
