// Generated from the database after all migrations (`tests/migrations.rs` compares and can rewrite it). Do not edit.

diesel::table! {
    audit_events (org_id, n) {
        org_id -> Uuid,
        n -> Int8,
        at -> Timestamptz,
        actor_id -> Nullable<Uuid>,
        kind -> Text,
        body -> Text,
        hash -> Bytea,
    }
}

diesel::table! {
    audit_heads (org_id) {
        org_id -> Uuid,
        n -> Int8,
        hash -> Bytea,
    }
}

diesel::table! {
    counters (org_id, name) {
        org_id -> Uuid,
        name -> Text,
        next -> Int8,
    }
}

diesel::table! {
    devices (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        site_id -> Uuid,
        name -> Text,
        platform -> Text,
        app_version -> Text,
        public_key -> Jsonb,
        state -> Text,
        digits -> Text,
        enrolled_by -> Uuid,
        approved_by -> Nullable<Uuid>,
        approved_at -> Nullable<Timestamptz>,
        revoked_by -> Nullable<Uuid>,
        revoked_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        version -> Int8,
    }
}

diesel::table! {
    enrolments (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        site_id -> Uuid,
        name -> Text,
        code_hash -> Bytea,
        created_by -> Uuid,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        device_id -> Nullable<Uuid>,
    }
}

diesel::table! {
    events (org_id, subject_type, subject_id, version) {
        org_id -> Uuid,
        subject_type -> Text,
        subject_id -> Uuid,
        version -> Int8,
        stream_id -> Uuid,
        seq -> Int8,
        ordinal -> Int4,
        kind -> Text,
        body -> Jsonb,
        actor_id -> Nullable<Uuid>,
        occurred_at -> Timestamptz,
        uncertainty_ms -> Nullable<Int8>,
        recorded_at -> Timestamptz,
    }
}

diesel::table! {
    idempotency_keys (org_id, user_id, method, path, key) {
        org_id -> Uuid,
        user_id -> Uuid,
        method -> Text,
        path -> Text,
        key -> Text,
        request_hash -> Bytea,
        status -> Nullable<Int2>,
        headers -> Nullable<Jsonb>,
        body -> Nullable<Bytea>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    installation (id) {
        id -> Int2,
        server_epoch -> Text,
        system_identifier -> Text,
        timeline -> Int8,
        created_at -> Timestamptz,
        database_oid -> Nullable<Int8>,
    }
}

diesel::table! {
    item_codes (org_id, raw) {
        org_id -> Uuid,
        raw -> Text,
        item_id -> Uuid,
        created_by -> Uuid,
        created_at -> Timestamptz,
        id -> Uuid,
        version -> Int8,
        removed_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    items (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        code -> Text,
        order_id -> Nullable<Uuid>,
        line_id -> Nullable<Uuid>,
        brand_id -> Nullable<Uuid>,
        parent_id -> Nullable<Uuid>,
        workflow_version_id -> Uuid,
        site_id -> Uuid,
        location_id -> Nullable<Uuid>,
        assigned_to -> Nullable<Uuid>,
        priority -> Int2,
        status -> Text,
        stage -> Text,
        version -> Int8,
        hold_version -> Nullable<Int8>,
        stage_entered_at -> Timestamptz,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        completed_at -> Nullable<Timestamptz>,
        state -> Jsonb,
    }
}

diesel::table! {
    jobs (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        kind -> Text,
        payload -> Jsonb,
        state -> Text,
        run_at -> Timestamptz,
        attempts -> Int4,
        max_attempts -> Int4,
        leased_by -> Nullable<Text>,
        leased_until -> Nullable<Timestamptz>,
        last_error -> Nullable<Text>,
        created_at -> Timestamptz,
        finished_at -> Nullable<Timestamptz>,
        traceparent -> Nullable<Text>,
    }
}

diesel::table! {
    labels (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        code -> Text,
        kind -> Text,
        status -> Text,
        item_id -> Nullable<Uuid>,
        location_id -> Nullable<Uuid>,
        user_id -> Nullable<Uuid>,
        order_id -> Nullable<Uuid>,
        replaced_by -> Nullable<Uuid>,
        print_count -> Int4,
        printed_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        version -> Int8,
    }
}

diesel::table! {
    leases (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        user_id -> Uuid,
        device_id -> Uuid,
        roles -> Array<Text>,
        permissions -> Array<Text>,
        issued_at -> Timestamptz,
        expires_at -> Timestamptz,
    }
}

diesel::table! {
    locations (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        kind -> Text,
        name -> Text,
        parent_id -> Nullable<Uuid>,
        site_id -> Uuid,
        capacity -> Nullable<Int4>,
        active -> Bool,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        version -> Int8,
    }
}

diesel::table! {
    logins (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        user_id -> Uuid,
        generation -> Int8,
        user_agent -> Nullable<Text>,
        created_at -> Timestamptz,
        refreshed_at -> Timestamptz,
        expires_at -> Timestamptz,
        ended_at -> Nullable<Timestamptz>,
        device_id -> Nullable<Uuid>,
    }
}

diesel::table! {
    measurements (org_id, item_id, version, ordinal, day) {
        org_id -> Uuid,
        item_id -> Uuid,
        day -> Date,
        version -> Int8,
        ordinal -> Int4,
        at -> Timestamptz,
        action_id -> Text,
        name -> Text,
        value -> Float8,
        unit -> Text,
        passed -> Bool,
        user_id -> Uuid,
    }
}

diesel::table! {
    order_lines (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        order_id -> Uuid,
        brand_id -> Uuid,
        position -> Int4,
        code -> Text,
        name -> Text,
        quantity -> Int4,
        unit_price -> Numeric,
        attributes -> Jsonb,
        specification -> Jsonb,
        components -> Jsonb,
    }
}

diesel::table! {
    orders (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        brand_id -> Uuid,
        po_number -> Text,
        status -> Text,
        workflow_id -> Nullable<Uuid>,
        workflow_version_id -> Nullable<Uuid>,
        site_id -> Nullable<Uuid>,
        currency -> Text,
        total_value -> Numeric,
        requested_delivery_date -> Nullable<Date>,
        promised_delivery_date -> Nullable<Date>,
        notes -> Text,
        reason -> Nullable<Text>,
        public_passport -> Bool,
        created_by -> Uuid,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        accepted_at -> Nullable<Timestamptz>,
        started_at -> Nullable<Timestamptz>,
        closed_at -> Nullable<Timestamptz>,
        version -> Int8,
        items_total -> Int4,
        items_completed -> Int4,
        items_scrapped -> Int4,
        items_cancelled -> Int4,
        items_started -> Int4,
        components_total -> Int4,
        reworks -> Int4,
    }
}

diesel::table! {
    organizations (id) {
        id -> Uuid,
        kind -> Text,
        name -> Text,
        settings -> Jsonb,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        version -> Int8,
    }
}

diesel::table! {
    partnerships (id) {
        id -> Uuid,
        brand_id -> Uuid,
        factory_id -> Uuid,
        brand_name -> Text,
        factory_name -> Text,
        status -> Text,
        proposed_by -> Uuid,
        brand_accepted_at -> Nullable<Timestamptz>,
        factory_accepted_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        version -> Int8,
    }
}

diesel::table! {
    photo_references (org_id, sha256, item_id, action_id) {
        org_id -> Uuid,
        sha256 -> Text,
        item_id -> Uuid,
        action_id -> Text,
        brand_id -> Nullable<Uuid>,
        role -> Nullable<Text>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    photos (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        sha256 -> Text,
        mime -> Text,
        size -> Int8,
        width -> Int4,
        height -> Int4,
        path -> Text,
        metadata -> Jsonb,
        taken_at -> Nullable<Timestamptz>,
        created_by -> Uuid,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    push_subscriptions (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        device_id -> Uuid,
        user_id -> Uuid,
        login_id -> Uuid,
        kind -> Text,
        address -> Text,
        p256dh -> Nullable<Bytea>,
        auth -> Nullable<Bytea>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        last_ok_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    queue_entries (org_id, queue_id, item_id) {
        org_id -> Uuid,
        queue_id -> Uuid,
        item_id -> Uuid,
        state -> Text,
        priority -> Nullable<Int2>,
        assigned_to -> Nullable<Uuid>,
        added_by -> Uuid,
        added_at -> Timestamptz,
        version -> Int8,
    }
}

diesel::table! {
    queues (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        name -> Text,
        site_id -> Uuid,
        location_id -> Nullable<Uuid>,
        team_id -> Nullable<Uuid>,
        workflow_id -> Nullable<Uuid>,
        stage -> Nullable<Text>,
        max_items -> Nullable<Int4>,
        active -> Bool,
        events -> Int8,
        created_by -> Uuid,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        version -> Int8,
    }
}

diesel::table! {
    quiet_hours (org_id, user_id) {
        org_id -> Uuid,
        user_id -> Uuid,
        starts -> Time,
        ends -> Time,
        time_zone -> Text,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    roles (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        name -> Text,
        permissions -> Array<Text>,
        template -> Bool,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        version -> Int8,
    }
}

diesel::table! {
    scans (org_id, id, day) {
        org_id -> Uuid,
        id -> Uuid,
        day -> Date,
        at -> Timestamptz,
        user_id -> Uuid,
        device_id -> Nullable<Uuid>,
        stream_id -> Uuid,
        seq -> Int8,
        raw -> Text,
        kind -> Text,
        value -> Nullable<Text>,
        result -> Text,
        explanation -> Nullable<Text>,
        item_id -> Nullable<Uuid>,
        stage -> Nullable<Text>,
    }
}

diesel::table! {
    shifts (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        user_id -> Uuid,
        device_id -> Nullable<Uuid>,
        site_id -> Uuid,
        location_id -> Nullable<Uuid>,
        team_id -> Nullable<Uuid>,
        started_at -> Timestamptz,
        last_activity_at -> Timestamptz,
        ended_at -> Nullable<Timestamptz>,
        end_reason -> Nullable<Text>,
        version -> Int8,
    }
}

diesel::table! {
    sync_attempts (stream_id, seq) {
        stream_id -> Uuid,
        seq -> Int8,
        n -> Int4,
        first_at -> Timestamptz,
    }
}

diesel::table! {
    sync_case_entries (org_id, stream_id, seq, hash) {
        org_id -> Uuid,
        case_id -> Uuid,
        stream_id -> Uuid,
        seq -> Int8,
        hash -> Bytea,
        outcome -> Text,
        reason -> Text,
        body -> Bytea,
        error -> Nullable<Text>,
    }
}

diesel::table! {
    sync_cases (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        actor_id -> Nullable<Uuid>,
        site_id -> Nullable<Uuid>,
        item_id -> Nullable<Uuid>,
        reason -> Text,
        state -> Text,
        opened_at -> Timestamptz,
        decided_by -> Nullable<Uuid>,
        decided_at -> Nullable<Timestamptz>,
        note -> Nullable<Text>,
    }
}

diesel::table! {
    sync_feed (org_id, topic_id, cursor, day) {
        org_id -> Uuid,
        topic_id -> Text,
        cursor -> Int8,
        day -> Date,
        reader_org_id -> Uuid,
        body -> Text,
    }
}

diesel::table! {
    sync_marks (org_id, topic_id, hour) {
        org_id -> Uuid,
        topic_id -> Text,
        hour -> Timestamptz,
        cursor -> Int8,
        committed_at -> Timestamptz,
    }
}

diesel::table! {
    sync_receipts (org_id, stream_id, seq) {
        org_id -> Uuid,
        stream_id -> Uuid,
        seq -> Int8,
        hash -> Bytea,
        outcome -> Text,
        reason -> Nullable<Text>,
        verdict -> Nullable<Text>,
        actor_id -> Nullable<Uuid>,
        device_time -> Nullable<Int8>,
        occurred_at -> Timestamptz,
        uncertainty_ms -> Nullable<Int8>,
        applied_at -> Timestamptz,
        origin_stream_id -> Nullable<Uuid>,
        origin_seq -> Nullable<Int8>,
        origin_hash -> Nullable<Bytea>,
    }
}

diesel::table! {
    sync_streams (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        kind -> Text,
        device_id -> Nullable<Uuid>,
        site_id -> Nullable<Uuid>,
        last_seq -> Int8,
        last_hash -> Bytea,
        acked_seq -> Int8,
        session -> Int8,
        state -> Text,
        app_schema -> Int4,
        recent_scans -> Jsonb,
        last_occurred_at -> Nullable<Timestamptz>,
        last_at -> Timestamptz,
    }
}

diesel::table! {
    sync_topics (org_id, id) {
        org_id -> Uuid,
        id -> Text,
        reader_org_id -> Uuid,
        epoch -> Text,
        head -> Int8,
        floor -> Int8,
    }
}

diesel::table! {
    tickets (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        ticket_hash -> Bytea,
        user_id -> Uuid,
        login_id -> Nullable<Uuid>,
        device_id -> Nullable<Uuid>,
        expires_at -> Timestamptz,
        used_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    uploads (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        user_id -> Uuid,
        length -> Int8,
        received -> Int8,
        sha256 -> Text,
        mime -> Text,
        metadata -> Text,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        parts -> Array<Text>,
        photo_id -> Nullable<Uuid>,
    }
}

diesel::table! {
    user_roles (org_id, user_id, role_id) {
        org_id -> Uuid,
        user_id -> Uuid,
        role_id -> Uuid,
    }
}

diesel::table! {
    users (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        email -> Text,
        name -> Text,
        password_hash -> Nullable<Text>,
        permissions -> Array<Text>,
        active -> Bool,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        version -> Int8,
        pin_hash -> Nullable<Text>,
    }
}

diesel::table! {
    workflow_versions (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        workflow_id -> Uuid,
        number -> Int4,
        state -> Text,
        body -> Jsonb,
        created_by -> Uuid,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        published_at -> Nullable<Timestamptz>,
        version -> Int8,
    }
}

diesel::table! {
    workflows (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        name -> Text,
        description -> Text,
        active -> Bool,
        template -> Bool,
        created_by -> Uuid,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        version -> Int8,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    audit_events,
    audit_heads,
    counters,
    devices,
    enrolments,
    events,
    idempotency_keys,
    installation,
    item_codes,
    items,
    jobs,
    labels,
    leases,
    locations,
    logins,
    measurements,
    order_lines,
    orders,
    organizations,
    partnerships,
    photo_references,
    photos,
    push_subscriptions,
    queue_entries,
    queues,
    quiet_hours,
    roles,
    scans,
    shifts,
    sync_attempts,
    sync_case_entries,
    sync_cases,
    sync_feed,
    sync_marks,
    sync_receipts,
    sync_streams,
    sync_topics,
    tickets,
    uploads,
    user_roles,
    users,
    workflow_versions,
    workflows,
);
