-- An id and a slug never look alike: an id has an underscore.
-- name: ReleaseProduct :one
SELECT id, slug, name, description, requires_license FROM products WHERE id = @name OR slug = @name;

-- name: InsertRelease :exec
INSERT INTO releases (id, product_id, version, precedence, channel, notes, released_at, published_at, created_at)
VALUES (@id, @product_id, @version, @precedence, @channel, @notes, @released_at, @published_at, @created_at);

-- name: Release :one
SELECT * FROM releases WHERE id = @id;

-- name: ReleaseByPrecedence :one
SELECT * FROM releases WHERE product_id = @product_id AND precedence = @precedence;

-- name: NewestRelease :one
SELECT * FROM releases
WHERE product_id = @product_id AND published_at IS NOT NULL AND (channel = 'stable' OR channel = @channel)
    AND releases.released_at <= CAST(@until AS BIGINT)
ORDER BY precedence DESC LIMIT 1;

-- name: ListReleases :many
SELECT * FROM releases WHERE product_id = @product_id AND precedence < @before
ORDER BY precedence DESC LIMIT CAST(@n AS BIGINT);

-- name: PublishRelease :execrows
UPDATE releases SET published_at = @published_at WHERE id = @id AND published_at IS NULL;

-- name: UnpublishRelease :execrows
UPDATE releases SET published_at = NULL WHERE id = @id AND published_at IS NOT NULL;

-- name: UpdateReleaseNotes :execrows
UPDATE releases SET notes = @notes WHERE id = @id;

-- name: InsertReleaseFile :exec
INSERT INTO release_files (id, release_id, name, size, sha256, created_at)
VALUES (@id, @release_id, @name, @size, @sha256, @created_at);

-- name: ReleaseFile :one
SELECT * FROM release_files WHERE id = @id;

-- name: ListReleaseFiles :many
SELECT * FROM release_files WHERE release_id = @release_id ORDER BY id;

-- name: ListFilesOfReleases :many
SELECT f.* FROM release_files f JOIN releases r ON r.id = f.release_id
WHERE r.product_id = @product_id AND r.precedence <= @first AND r.precedence >= @last
ORDER BY f.id;

-- name: InsertDownload :exec
INSERT INTO download_log (id, license_id, product_id, release_id, file, result, ip, user_agent, at)
VALUES (@id, @license_id, @product_id, @release_id, @file, @result, @ip, @user_agent, @at);

-- name: ListDownloadsByLicense :many
SELECT * FROM download_log WHERE license_id = @license_id ORDER BY id DESC LIMIT CAST(@n AS BIGINT);

-- name: VersionsOfProduct :many
SELECT version, precedence, channel, released_at, published_at FROM releases WHERE product_id = @product_id;

-- name: NoteUnknownVersion :exec
-- A product keeps the first thousand: whoever makes up versions can't fill the store.
INSERT INTO unknown_versions (product_id, version, first_at, last_at)
SELECT products.id, CAST(@version AS TEXT), CAST(@at AS BIGINT), CAST(@at AS BIGINT) FROM products
WHERE products.id = @product_id AND (SELECT count(*) FROM unknown_versions WHERE unknown_versions.product_id = @product_id) < 1000
ON CONFLICT (product_id, version) DO UPDATE SET last_at = excluded.last_at;

-- name: UnknownVersions :many
SELECT * FROM unknown_versions WHERE product_id = @product_id ORDER BY last_at DESC, version LIMIT 1000;
