import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { freeTcpPort } from './freePort.ts'
import { findProgram } from './tftpPeerServers.ts'

export interface WebServer {
  readonly name: string
  readonly url: string
  stop(): Promise<void>
}

/** Debian's, with one worker and a configuration of our own: it serves one file under `path`, and reads nothing of the system's. */
export async function startNginx(folder: string, file: string, path: string): Promise<WebServer | undefined> {
  const program = findProgram('nginx')
  if (program === undefined) return undefined
  const root = join(folder, 'nginx')
  mkdirSync(join(root, dirname(path)), { recursive: true })
  copyFileSync(file, join(root, path))
  const port = await freeTcpPort()
  const configuration = join(root, 'nginx.conf')
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${root}/${name};`).join(' ')
  writeFileSync(configuration, `daemon off; worker_processes 1; pid ${root}/pid; error_log ${root}/error.log; ${process.getuid?.() === 0 ? 'user root;' : ''}
events { worker_connections 256; }
http { access_log off; sendfile on; tcp_nopush on; ${temporary}
server { listen 127.0.0.1:${port}; root ${root}; default_type application/octet-stream; } }
`)
  const child = spawn(program, ['-p', root, '-c', configuration, '-e', join(root, 'error.log')], { stdio: ['ignore', 'inherit', 'inherit'] })
  const ended = once(child, 'exit')
  const stop = async (): Promise<void> => { child.kill('SIGTERM'); await ended }
  const url = `http://127.0.0.1:${port}`
  for (let attempt = 0; attempt < 100 && child.exitCode === null; attempt += 1) {
    const isUp = await fetch(`${url}/${path}`, { method: 'HEAD', headers: { connection: 'close' } }).then(({ ok }) => ok, () => false)
    if (isUp) return { name: 'nginx', url, stop }
    await wait(50)
  }
  await stop()
  return undefined
}
