import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'

/** A download that takes longer is not coming; the browser is there at once. */
const downloadLimitMs = 60_000
const buildLimitMs = 300_000

export interface StartOptions {
  readonly root: string
  readonly variables: Readonly<Record<string, string | undefined>>
  readonly platform: string
  readonly out: (line: string) => void
  /** Ends the window or the server. */
  readonly signal: AbortSignal
}

/** `npm start`: the desktop window where Electron is or can be had, and the same workbench in the browser where not. */
export async function startWorkbench({ root, variables, platform, out, signal }: StartOptions): Promise<number> {
  const node = (script: string, ...more: string[]): readonly [string, readonly string[]] => [process.execPath, [join(root, script), ...more]]
  if (isStale(root)) {
    out('Building the workbench once')
    const built = await run(node('node_modules/electron-vite/bin/electron-vite.js', 'build', '--logLevel', 'error'), { root, signal, quiet: false, limitMs: buildLimitMs })
    if (built !== 0) { out('The build failed; its words are above'); return 1 }
  }
  const wantsWindow = variables['RACKBENCH_HOST'] !== 'web'
  if (wantsWindow && !electronBinary(root)) await run(node('node_modules/electron/install.js'), { root, signal, quiet: true, limitMs: downloadLimitMs })
  const binary = wantsWindow ? electronBinary(root) : undefined
  const hasDisplay = platform !== 'linux' || Boolean(variables['DISPLAY']) || Boolean(variables['WAYLAND_DISPLAY'])
  if (binary && hasDisplay) return run([binary, [root]], { root, signal, quiet: false })
  const why = !wantsWindow ? 'Serving the workbench to your browser:'
    : binary ? 'There is no display here; serving the same workbench to your browser:'
      : 'Electron\'s binary is not here and could not be downloaded; serving the same workbench to your browser:'
  out(why)
  return run([process.execPath, [...webHostFlags, webHostProgram(root)]], { root, signal, quiet: false })
}

/** What `npm start` calls; ends with SIGINT or SIGTERM. */
export async function start(): Promise<number> {
  const ending = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => { ending.abort() })
  return startWorkbench({
    root: join(import.meta.dirname, '../../../..'), variables: process.env, platform: process.platform,
    out: (line) => { process.stdout.write(`${line}\n`) }, signal: ending.signal,
  })
}

/** The package tells in path.txt which file of dist/ is the program; both come with the download. */
export function electronBinary(root: string): string | undefined {
  const folder = join(root, 'node_modules/electron')
  const told = join(folder, 'path.txt')
  if (!existsSync(told)) return undefined
  const binary = join(folder, 'dist', readFileSync(told, 'utf8').trim())
  return existsSync(binary) ? binary : undefined
}

/**
 * What a hundred consoles say lives for a moment: with V8's own small room for such things it is copied about and collected all the time,
 * which took a sixth of the processor time of the whole workbench. In MB; what is not used is not taken.
 */
export const webHostFlags: readonly string[] = ['--min-semi-space-size=16', '--max-semi-space-size=32']

/** The web host in one file, where it was built from what lies here: it is read in a third of the time. Else its source. */
export function webHostProgram(root: string): string {
  const built = join(root, 'out/main/web.js')
  return existsSync(built) && !isStale(root) ? built : join(root, 'src/main/hosts/web/main.ts')
}

/** Nothing built yet, or a source newer than what was built from it. */
export function isStale(root: string): boolean {
  const built = ['out/main/index.js', 'out/preload/index.cjs', 'out/renderer/index.html'].map((file) => join(root, file))
  if (!built.every((file) => existsSync(file))) return true
  const oldest = Math.min(...built.map((file) => statSync(file).mtimeMs))
  return ['src', 'electron.vite.config.ts', 'package.json'].some((name) => newestIn(join(root, name)) > oldest)
}

function newestIn(path: string): number {
  const found = statSync(path, { throwIfNoEntry: false })
  if (!found) return 0
  if (!found.isDirectory()) return found.mtimeMs
  return readdirSync(path).reduce((newest, name) => Math.max(newest, newestIn(join(path, name))), 0)
}

interface RunOptions { readonly root: string; readonly signal: AbortSignal; readonly quiet: boolean; readonly limitMs?: number }

/** Exit code; 1 for a program that could not be started or took too long. */
async function run([program, args]: readonly [string, readonly string[]], { root, signal, quiet, limitMs }: RunOptions): Promise<number> {
  if (signal.aborted) return 130
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: root, stdio: quiet ? 'ignore' : 'inherit' })
    // Its own signal first: a server closes its jobs at a safe point.
    const stop = (): void => { child.kill('SIGTERM') }
    const late = limitMs === undefined ? undefined : setTimeout(stop, limitMs)
    signal.addEventListener('abort', stop, { once: true })
    const end = (code: number): void => { clearTimeout(late); signal.removeEventListener('abort', stop); resolve(code) }
    child.once('error', () => { end(1) })
    child.once('exit', (code) => { end(signal.aborted ? 0 : (code ?? 1)) })
  })
}
