-- Which file systems are shared over a network.

local lfs = require "lfs"

local network = {}

-- Types as Linux names them in /proc/self/mountinfo.
local SHARED = {}
for name in ([[nfs nfs4 cifs smb3 smbfs ncpfs 9p afs ceph lustre gpfs beegfs pvfs2 orangefs ocfs2
    gfs2 glusterfs panfs prl_fs vboxsf vmhgfs fuse.sshfs fuse.glusterfs fuse.ceph fuse.ceph-fuse
    fuse.beegfs fuse.cifs fuse.smbnetfs fuse.curlftpfs fuse.davfs davfs fuse.s3fs fuse.goofys
    fuse.gcsfuse fuse.rclone fuse.juicefs fuse.blobfuse fuse.blobfuse2 fuse.vmhgfs-fuse
    fuse.moosefs mfs fuse.mfs]]):gmatch("%S+") do
  SHARED[name] = true
end

local function mounts_of_this_process()
  local file = io.open("/proc/self/mountinfo")
  if not file then return "" end
  local text = file:read("a")
  file:close()
  return text
end

-- "major:minor" of a device number, as glibc packs them.
local function numbers(device)
  local major = (device >> 8) & 0xFFF | (device >> 32) & ~0xFFF
  local minor = device & 0xFF | (device >> 12) & ~0xFF
  return ("%d:%d"):format(major, minor)
end

-- A path of mountinfo: blanks are octal there.
local function plain(path)
  return (path:gsub("\\(%d%d%d)", function(digits) return string.char(tonumber(digits, 8)) end))
end

--- network.mount_of(path [, mounts]) -> {type, at} of the network file system that a file's folder
--- lies on; nil if it is on none, or the system does not tell. mounts: the text of
--- /proc/self/mountinfo, for tests.
function network.mount_of(path, mounts)
  local folder = path:match("^(.*)/[^/]*$")
  folder = folder == "" and "/" or folder or "."
  local device = lfs.attributes(folder, "dev")
  if not device then return nil end -- opening the file will say so
  local wanted, found = numbers(device), nil
  for line in (mounts or mounts_of_this_process()):gmatch("[^\n]+") do
    local number, at, kind = line:match("^%d+ %d+ (%d+:%d+) %S+ (%S+) .- %- (%S+) ")
    if number == wanted and SHARED[kind] then found = {type = kind, at = plain(at)} end
  end
  return found
end

return network
