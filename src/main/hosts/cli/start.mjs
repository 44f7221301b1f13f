// Plain JavaScript that an old Node can read. npm puts the Node of node_modules first, so only other systems get here with an old one.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major >= 24 || (major === 23 && minor >= 6) || (major === 22 && minor >= 18)) {
  const { start } = await import('./start.ts')
  process.exitCode = await start()
} else {
  process.stderr.write(`Rackbench needs Node 22.18 or newer and runs on ${process.versions.node}; install a newer Node and run "npm start" again\n`)
  process.exitCode = 1
}
