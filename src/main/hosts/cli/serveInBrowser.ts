import { spawn } from 'node:child_process'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { programFolder } from '../../composition/programFolder.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import type { ServeOptions } from './cliWorkbench.ts'
import { webHostFlags, webHostProgram } from './start.ts'

/** The web host is a program of its own: hosts do not know each other's code, and either may be started alone. */
export async function serveInBrowser({ port, open, dataFolder, redisUrl, log, out }: ServeOptions, signal: AbortSignal): Promise<void> {
  const child = spawn(process.execPath, [...webHostFlags, webHostProgram(programFolder(import.meta.dirname))], {
    stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, RACKBENCH_PORT: String(port), RACKBENCH_DATA: dataFolder, ...(redisUrl === undefined ? {} : { RACKBENCH_REDIS: redisUrl }) },
  })
  const stop = (): void => { child.kill('SIGTERM') }
  signal.addEventListener('abort', stop, { once: true })
  try {
    createInterface({ input: child.stdout }).on('line', (line) => {
      out(line)
      if (open && line.startsWith('http://127.0.0.1:')) openBrowser(line, log)
    })
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', resolve)
    })
    // Its own words are on stderr already.
    if (code !== 0 && !signal.aborted) throw new WorkbenchError('host/io', 'The workbench could not be served', { context: { exitCode: code ?? -1 } })
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

function openBrowser(url: string, log: (line: string) => void): void {
  const [program, ...before] = process.platform === 'darwin' ? ['open'] : process.platform === 'win32' ? ['rundll32', 'url.dll,FileProtocolHandler'] : ['xdg-open']
  if (program === undefined) return
  const child = spawn(program, [...before, url], { stdio: 'ignore', detached: true })
  child.on('error', () => { log('No browser could be opened; open the address above by hand') })
  child.unref()
}
