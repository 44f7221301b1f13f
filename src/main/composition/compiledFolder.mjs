// Plain JavaScript: what says where compiled modules lie must not have to be compiled itself, which takes longer than all else of a command.
import { join } from 'node:path'

/** @type {import('./compiledFolder.d.mts').compiledFolderOf} */
export function compiledFolderOf({ platform, homeFolder, variables }) {
  if (platform === 'darwin') return join(homeFolder, 'Library', 'Caches', 'Rackbench', 'compiled')
  if (platform === 'win32') return join(variables.LOCALAPPDATA ?? join(homeFolder, 'AppData', 'Local'), 'Rackbench', 'compiled')
  return join(variables.XDG_CACHE_HOME || join(homeFolder, '.cache'), 'rackbench', 'compiled')
}
