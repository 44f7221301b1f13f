import { join } from 'node:path'

export interface UserFacts {
  readonly platform: string
  readonly homeFolder: string
  readonly variables: Readonly<Record<string, string | undefined>>
}

/** Where journal, reports and boot files of this user lie; every host on this computer shares them. */
export function dataFolderOf({ platform, homeFolder, variables }: UserFacts): string {
  const own = variables['RACKBENCH_DATA']
  if (own) return own
  if (platform === 'darwin') return join(homeFolder, 'Library', 'Application Support', 'Rackbench')
  if (platform === 'win32') return join(variables['APPDATA'] ?? join(homeFolder, 'AppData', 'Roaming'), 'Rackbench')
  return join(variables['XDG_DATA_HOME'] || join(homeFolder, '.local', 'share'), 'rackbench')
}
