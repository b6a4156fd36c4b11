# Installs the agent as a Windows service; again, it updates the program and leaves configuration and identity alone.
# In an elevated PowerShell: .\install.ps1
$ErrorActionPreference = 'Stop'
$here = Split-Path -Parent $MyInvocation.MyCommand.Path
$program = Join-Path $env:ProgramFiles 'canopy-agent'
$data = Join-Path $env:ProgramData 'canopy-agent'

$node = if ($env:CANOPY_NODE) { $env:CANOPY_NODE } else { (Get-Command node.exe -ErrorAction Stop).Source }
$version = [int]((& $node --version).TrimStart('v').Split('.')[0])
if ($version -lt 24) { throw "Node 24 or newer is needed: install it, or name it with CANOPY_NODE (found $version)" }
$wrapper = Join-Path $here 'canopy-agent.exe'
if (-not (Test-Path $wrapper)) { throw "Put WinSW-x64.exe (github.com/winsw/winsw, version 3) here as canopy-agent.exe" }
[Environment]::SetEnvironmentVariable('CANOPY_NODE', $node, 'Machine')
$env:CANOPY_NODE = $node

if (Get-Service canopy-agent -ErrorAction SilentlyContinue) { Stop-Service canopy-agent }
New-Item -ItemType Directory -Force $program, $data, "$data\credentials", "$data\identity" | Out-Null
if (Test-Path "$program\app") { Remove-Item -Recurse -Force "$program\app" }
Copy-Item -Recurse "$here\app" "$program\app"
Copy-Item -Force $wrapper, "$here\canopy-agent.xml" $program
foreach ($file in 'agent.yaml', 'ceiling.yaml') {
  if (-not (Test-Path "$data\$file")) { Copy-Item "$here\$file" "$data\$file" }
}
if (-not (Get-Service canopy-agent -ErrorAction SilentlyContinue)) { & "$program\canopy-agent.exe" install }

# Only administrators write; the service reads, and writes its identity and logs.
icacls $data /inheritance:r /grant 'Administrators:(OI)(CI)F' 'SYSTEM:(OI)(CI)F' 'NT SERVICE\canopy-agent:(OI)(CI)RX' | Out-Null
New-Item -ItemType Directory -Force "$data\logs" | Out-Null
icacls "$data\identity" /grant 'NT SERVICE\canopy-agent:(OI)(CI)M' | Out-Null
icacls "$data\logs" /grant 'NT SERVICE\canopy-agent:(OI)(CI)M' | Out-Null
Write-Output "Put the token of 'canopy agent token NAME' into $data\token, the credentials into"
Write-Output "$data\credentials\<name>\{username,password}, then: Start-Service canopy-agent"
